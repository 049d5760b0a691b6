"""Statistics that scoring, monitoring and training share.

Stability index, intervals of shares, the smallest group told.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


Bools = NDArray[np.bool_]
LEAST_GROUP = 30  # households or loans; of fewer a share says little, and might say something of somebody
FOUR_FIFTHS = 0.8  # of the best group's approval: below it, by custom, a group is looked at
CONFIDENCE = 0.95
SMOOTHED = 0.5  # rows added to a bin of a stability index, so that an empty bin costs something, not everything


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of a share; (0, 1) of nothing."""
    if of == 0:
        return 0.0, 1.0
    z = 1.959963984540054
    share = hits / of
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * np.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))


def stability(expected: Floats, actual: Floats) -> float:
    """Population stability index of counts by bin: 0 no change; above 0.1 some, above 0.25 much, by custom."""
    if expected.sum() == 0 or actual.sum() == 0:
        return float("nan")
    kept = (expected + actual) > 0
    e, a = expected[kept] + SMOOTHED, actual[kept] + SMOOTHED
    e, a = e / e.sum(), a / a.sum()
    return float(((a - e) * np.log(a / e)).sum())
