"""Of a shape of several rings: which is a hole in which, told by where they lie and not by how they go round."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]
Flags = NDArray[np.bool_]
SAME_AREA = 1e-6  # of it: a ring that only touches itself, or goes out and back, has one area however it is reckoned


def mended(shapes: Shapes) -> tuple[Shapes, Flags]:
    """Mend shapes that only touch themselves; tell those that cross themselves, which have no one area, or are none."""
    is_crossing = np.asarray(shapely.is_missing(shapes))
    bad = np.flatnonzero(~np.asarray(shapely.is_valid(shapes)) & ~is_crossing)
    if not len(bad):
        return shapes, is_crossing
    made = shapely.make_valid(shapes[bad], method="structure", keep_collapsed=False)
    before, after = shapely.area(shapes[bad]), shapely.area(made)
    whole = shapes.copy()
    whole[bad] = made
    is_crossing[bad] = np.abs(before - after) > SAME_AREA * after
    return whole, is_crossing


def even_odd(rings: Shapes, goes_against_clock: Flags) -> tuple[Any, bool]:
    """Return the shape that an even number of rings leaves out, and whether a ring goes the wrong way round for it.

    `rings`: each as a polygon of its own. None instead of a shape where a ring crosses itself or another.
    """
    rings, is_crossing = mended(rings)
    if is_crossing.any():
        return None, False
    depth = _depths(rings)
    is_hole = depth % 2 == 1
    shape = None
    for level in range(0, depth.max() + 1, 2):
        outer, holes = (shapely.union_all(rings[depth == each]) for each in (level, level + 1))
        part = shapely.difference(outer, holes)
        shape = part if shape is None else shapely.union(shape, part)
    areas = shapely.area(rings)
    expected = areas[~is_hole].sum() - areas[is_hole].sum()
    if abs(shapely.area(shape) - expected) > SAME_AREA * areas.max():
        return None, False  # rings cross each other, or lie upon each other
    return shape, bool((goes_against_clock != is_hole).any())


def _depths(rings: Shapes) -> NDArray[np.int64]:
    """Count in how many other rings each one lies; of two equal ones the later lies in the earlier."""
    inner, outer = shapely.STRtree(rings).query(rings, predicate="covered_by")
    sizes = shapely.area(rings)
    lies_within = (inner != outer) & ((sizes[outer] > sizes[inner]) | (outer < inner))
    return np.bincount(inner[lies_within], minlength=len(rings))
