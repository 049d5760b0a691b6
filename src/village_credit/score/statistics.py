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
    low, high = share_intervals(np.array([hits], dtype=np.float64), np.array([of], dtype=np.float64))
    return float(low[0]), float(high[0])


def share_intervals(hits: Floats, of: Floats) -> tuple[Floats, Floats]:
    """Return Wilson's 95% intervals of many shares; (0, 1) of nothing."""
    z = 1.959963984540054
    rows = np.where(of > 0, of, 1.0)
    share = hits / rows
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(np.maximum(share * (1 - share) / rows, 0) + z**2 / (4 * rows**2))
    low, high = np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
    return np.where(of > 0, low, 0.0), np.where(of > 0, high, 1.0)


def stability(expected: Floats, actual: Floats) -> float:
    """Population stability index of counts by bin: 0 no change; above 0.1 some, above 0.25 much, by custom."""
    if expected.sum() == 0 or actual.sum() == 0:
        return float("nan")
    kept = (expected + actual) > 0
    e, a = expected[kept] + SMOOTHED, actual[kept] + SMOOTHED
    e, a = e / e.sum(), a / a.sum()
    return float(((a - e) * np.log(a / e)).sum())
