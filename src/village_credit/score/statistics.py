"""Statistics that scoring, monitoring and training share.

Stability index, intervals of shares, the smallest group told.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


Bools = NDArray[np.bool_]
LEAST_GROUP = 30  # households or loans; of fewer a share says little, and might say something of somebody
FOUR_FIFTHS = 0.8  # of the best group's approval: below it, by custom, a group is looked at
CONFIDENCE = 0.95
SMOOTHED = 0.5  # rows added to a bin of a stability index, so that an empty bin costs something, not everything


def hide_small(cells: list[dict[str, Any]], k: int = LEAST_GROUP) -> list[dict[str, Any]]:
    """Hide counts below `k` with their sums, and whatever a lone hidden one would follow from.

    The one rule for whatever is told of groups of households. The households of each change are told in all, and those
    of each group elsewhere: where one cell of a change or of a group is hidden, the next smallest is hidden with it,
    until none is left alone. `cells`: group, change, households, and sums; the same come back, the figures of hidden
    ones null.
    """
    hidden = {place for place, cell in enumerate(cells) if cell["households"] < k}
    lines: dict[tuple[str, Any], list[int]] = {}
    for place, cell in enumerate(cells):
        for name in ("group", "change"):
            lines.setdefault((name, cell[name]), []).append(place)
    found = -1
    while found != len(hidden):
        found = len(hidden)
        for places in lines.values():
            shown = [place for place in places if place not in hidden]
            if shown and len(places) - len(shown) == 1:
                hidden.add(min(shown, key=lambda place: (cells[place]["households"], place)))
    return [_without_figures(cell) if place in hidden else cell for place, cell in enumerate(cells)]


def _without_figures(cell: dict[str, Any]) -> dict[str, Any]:
    return {name: value if name in ("group", "change") else None for name, value in cell.items()}


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
