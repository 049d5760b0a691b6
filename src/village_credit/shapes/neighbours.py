"""Shapes that lie upon each other, in the plane of one zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from village_credit.maps import Whole

LEAST_SHARE = 0.1  # of the smaller one
SAME_SHARE = 0.999  # of the larger one: the same shape, whatever was rounded when it was written again
AT_ONCE = 100  # shapes asked for at once: all may lie upon all
MOST_A_SHAPE, MOST_OF_FEW = 50, 1_000_000  # pairs: where there are more these are no parcels


@dataclass(frozen=True)
class Pairs:
    """Two shapes a row, the earlier first: the share of the smaller one that both cover, and whether they are one."""

    first: Whole
    second: Whole
    share: NDArray[np.float64]
    is_same: NDArray[np.bool_]


def overlaps(shapes: NDArray[np.object_]) -> Pairs | None:
    """Return every two shapes of which more than a tenth of the smaller one lies in both, in order.

    None where so many lie upon each other that they cannot be parcels.
    """
    areas = shapely.area(shapes)
    near = _near(shapes, areas)
    if near is None:
        return None
    first, second = near
    shared: Any = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    share = shared / np.minimum(areas[first], areas[second])
    is_same = shared >= SAME_SHARE * np.maximum(areas[first], areas[second])
    overlap = share > LEAST_SHARE
    return Pairs(first[overlap], second[overlap], share[overlap], is_same[overlap])


def _near(shapes: NDArray[np.object_], areas: NDArray[np.float64]) -> tuple[Whole, Whole] | None:
    """Return the pairs whose bounds share enough for an overlap: neighbours on a border share next to nothing."""
    tree, bounds = shapely.STRtree(shapes), shapely.bounds(shapes)
    most, count = max(MOST_OF_FEW, MOST_A_SHAPE * len(shapes)), 0
    found = [np.zeros((2, 0), np.int64)]
    for begin in range(0, len(shapes), AT_ONCE):
        asked, others = tree.query(shapes[begin : begin + AT_ONCE])
        pairs = np.vstack([asked + begin, others])
        pairs = pairs[:, pairs[0] < pairs[1]]
        found.append(pairs[:, _share_bounds(bounds, areas, *pairs)])
        count += found[-1].shape[1]
        if count > most:
            return None
    first, second = np.hstack(found)
    order = np.lexsort((second, first))
    return first[order], second[order]


def _share_bounds(
    bounds: NDArray[np.float64], areas: NDArray[np.float64], first: Whole, second: Whole
) -> NDArray[np.bool_]:
    west, south, *_ = np.maximum(bounds[first], bounds[second]).T
    *_, east, north = np.minimum(bounds[first], bounds[second]).T
    shared = np.maximum(0, east - west) * np.maximum(0, north - south)
    enough: NDArray[np.bool_] = shared > LEAST_SHARE * np.minimum(areas[first], areas[second])
    return enough
