"""Good and bad years that hit a whole village or county together, and the disasters among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from village_credit.synthetic.chance import Bools, Floats, Ints, stream

DISASTER_SHARE = 0.06  # of village-years: believed, no published rate per village
DISASTER_LOSS = 0.38  # of the harvest, in logarithms


@dataclass(frozen=True)
class Shocks:
    """Logarithms of the harvest against an ordinary year, per village and calendar year."""

    first_year: int
    harvest: Floats
    is_disaster: Bools

    def of(self, village: Ints, year: int | Ints) -> Floats:
        return self.harvest[village, self._column(year)]

    def disaster(self, village: Ints, year: int | Ints) -> Bools:
        return self.is_disaster[village, self._column(year)]

    def _column(self, year: int | Ints) -> Ints:
        return np.clip(np.asarray(year, dtype=np.int64) - self.first_year, 0, self.harvest.shape[1] - 1)


def build_shocks(seed: int, villages: int, last_year: int, years: int = 9) -> Shocks:
    """Draw each year from a stream of its own, so that a longer past leaves the rest unchanged."""
    first = last_year - years + 1
    harvest = np.zeros((villages, years))
    disaster = np.zeros((villages, years), dtype=np.bool_)
    for column in range(years):
        rng = stream(seed, "shocks", first + column)
        disaster[:, column] = rng.random(villages) < DISASTER_SHARE
        harvest[:, column] = rng.normal(0.0, 0.05) + rng.normal(0.0, 0.08, villages)
    return Shocks(first, harvest - DISASTER_LOSS * disaster, disaster)
