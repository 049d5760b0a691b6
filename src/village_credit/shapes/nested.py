"""Rings become one shape by where they lie, not by how they go round; what crosses itself has no one area, and is none.

Nothing is mended by the library: it finds every crossing first, and a ring of two thousand random points has a million.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]
Flags = NDArray[np.bool_]
SAME_AREA = 1e-6  # of it: what is put together of rings or loops has the area that they have, added and taken off
MOST_LOOPS = 200
LEAST_POINTS = 4


def untouched(rings: Shapes) -> Shapes:
    """Return rings, each as a shape, those that touch themselves in a corner as the loops between; None: it crosses.

    A loop that goes out and comes back the same way has no area, and is left out.
    """
    bad = np.flatnonzero(~np.asarray(shapely.is_valid(rings)))
    if not len(bad):
        return rings
    whole = rings.copy()
    whole[bad] = [_of_loops(ring) for ring in rings[bad]]
    return whole


def _of_loops(ring: Any) -> Any:
    loops = np.array([shapely.polygons(loop) for loop in _loops(shapely.get_coordinates(ring))], np.object_)
    if not 0 < len(loops) <= MOST_LOOPS or not np.asarray(shapely.is_valid(loops)).all():
        return None
    shape = _composed(loops, _depths(loops))
    is_same = shape is not None and abs(shapely.area(shape) - shapely.area(ring)) <= SAME_AREA * shapely.area(ring)
    return shape if is_same else None


def _loops(points: NDArray[np.float64]) -> list[list[tuple[float, float]]]:
    """Cut a ring where it comes back to one of its corners."""
    open_points: list[tuple[float, float]] = []
    places: dict[tuple[float, float], int] = {}
    loops = []
    for point in map(tuple, points.tolist()):
        begin = places.get(point)
        if begin is None:
            places[point] = len(open_points)
            open_points.append(point)
            continue
        loop = [*open_points[begin:], point]
        for passed in open_points[begin + 1 :]:
            del places[passed]
        del open_points[begin + 1 :]
        loops += [loop] if len(loop) >= LEAST_POINTS else []
    return loops


def even_odd(rings: Shapes, goes_against_clock: Flags) -> tuple[Any, bool]:
    """Return the shape that an even number of rings leaves out, and whether a ring goes the wrong way round for it.

    `rings`: each as a shape of its own, of `untouched`. None instead where a ring crosses itself or another.
    """
    if np.asarray(shapely.is_missing(rings)).any():
        return None, False
    depths = _depths(rings)
    is_hole = depths % 2 == 1
    return _composed(rings, depths), bool((goes_against_clock != is_hole).any())


def _composed(rings: Shapes, depths: NDArray[np.int64]) -> Any:
    """Put rings together by how deep each lies in others; None where they cross, or lie upon each other."""
    shape = None
    for level in range(0, depths.max() + 1, 2):
        outer, holes = (shapely.union_all(rings[depths == each]) for each in (level, level + 1))
        part = shapely.difference(outer, holes)
        shape = part if shape is None else shapely.union(shape, part)
    areas = shapely.area(rings)
    expected = (areas * np.where(depths % 2 == 0, 1, -1)).sum()
    return shape if abs(shapely.area(shape) - expected) <= SAME_AREA * areas.max() else None


def _depths(rings: Shapes) -> NDArray[np.int64]:
    """Count in how many other rings each one lies; of two equal ones the later lies in the earlier."""
    inner, outer = shapely.STRtree(rings).query(rings, predicate="covered_by")
    sizes = shapely.area(rings)
    lies_within = (inner != outer) & ((sizes[outer] > sizes[inner]) | (outer < inner))
    return np.bincount(inner[lies_within], minlength=len(rings))
