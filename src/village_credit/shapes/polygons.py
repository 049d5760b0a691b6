"""Rings become polygons in the plane of their zone; what is no polygon is named and not measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from village_credit.maps import Fault, Rings, Whole
from village_credit.shapes.findings import of_lines, of_map
from village_credit.shapes.nested import even_odd, untouched
from village_credit.shapes.projection import Zone

Shapes = NDArray[np.object_]
MOST_DEGREES = (180.0, 90.0)
HALF_WIDTH_M = 500_000.0  # a zone of 6 degrees is 334 km wide to each side at the equator; what is added is 500 km
QUARTER_MERIDIAN_M = 10_002_000.0


@dataclass(frozen=True)
class Drawn:
    """The shapes of a map that can be measured, by line, their eastings without what the zone adds; and findings."""

    lines: Whole
    shapes: Shapes
    findings: pa.Table


def draw_shapes(place: int, rings: Rings, zone: Zone | None) -> Drawn:
    """Make polygons of a map's rings; without a zone only what is no polygon at all is named."""
    found = [of_lines(place, rings.empty, "SHAPE_EMPTY"), of_lines(place, rings.broken, "SHAPE_UNREADABLE")]
    if zone is None or not len(rings.line_of_ring):
        return Drawn(np.zeros(0, np.int64), np.zeros(0, np.object_), pa.concat_tables(found))
    placed, faults = _in_zone(place, rings, zone)
    lines, shapes, is_turned = _polygons(placed)
    is_crossing = np.asarray(shapely.is_missing(shapes))
    is_flat = ~is_crossing & (shapely.area(shapes) == 0)
    is_whole = ~is_crossing & ~is_flat
    found += [
        *faults,
        of_lines(place, lines[is_crossing], "SHAPE_SELF_CROSSING"),
        of_lines(place, lines[is_flat], "SHAPE_EMPTY"),
        of_lines(place, lines[is_turned & is_whole], "RINGS_REVERSED"),
    ]
    return Drawn(lines[is_whole], shapes[is_whole], pa.concat_tables(found))


@dataclass(frozen=True)
class _Placed:
    """Rings in the plane of the zone, and the line of the map that each belongs to."""

    rings: Shapes
    lines: Whole


def _in_zone(place: int, rings: Rings, zone: Zone) -> tuple[_Placed, list[pa.Table]]:
    """Leave out shapes that are in degrees, or nowhere near the zone that the .prj names."""
    x, y = rings.points.T
    line_of_point = rings.line_of_ring[rings.ring_of_point]
    is_degrees = (np.abs(x) <= MOST_DEGREES[0]) & (np.abs(y) <= MOST_DEGREES[1])
    is_far = (np.abs(x - zone.false_easting) > HALF_WIDTH_M) | (y < 0) | (y > QUARTER_MERIDIAN_M)
    in_degrees = np.setdiff1d(np.unique(line_of_point), np.unique(line_of_point[~is_degrees]))
    far = np.setdiff1d(np.unique(line_of_point[is_far]), in_degrees)
    keeps = ~np.isin(rings.line_of_ring, np.concatenate([in_degrees, far]))
    kept = keeps[rings.ring_of_point]
    number = np.cumsum(keeps) - 1
    points = rings.points[kept] - np.array([zone.false_easting, 0.0])
    drawn = shapely.linearrings(points, indices=number[rings.ring_of_point[kept]]) if kept.any() else []
    faults = [
        *_once(place, in_degrees, "SHAPES_IN_DEGREES", rings.line_of_ring),
        *_once(place, far, "SHAPES_OTHER_PROJECTION", rings.line_of_ring),
    ]
    return _Placed(np.asarray(drawn, np.object_), rings.line_of_ring[keeps]), faults


def _once(place: int, lines: Whole, reason_code: str, all_lines: Whole) -> list[pa.Table]:
    """Say once of a map what is true of all its shapes."""
    if len(lines) and len(lines) == len(np.unique(all_lines)):
        return [of_map(place, Fault(reason_code, float(len(lines)), None, "count"))]
    return [of_lines(place, lines, reason_code)]


def _polygons(placed: _Placed) -> tuple[Whole, Shapes, NDArray[np.bool_]]:
    """Return each line's polygon, and whether any of its rings goes the wrong way round: an outer one clockwise."""
    turned: Any = shapely.is_ccw(placed.rings)
    alone = untouched(np.asarray(shapely.polygons(placed.rings), np.object_))
    lines, begins, counts = np.unique(placed.lines, return_index=True, return_counts=True)
    shapes = alone[begins] if len(begins) else np.zeros(0, np.object_)
    is_turned = turned[begins].copy() if len(begins) else np.zeros(0, np.bool_)
    for at in np.flatnonzero(counts > 1):
        own = slice(begins[at], begins[at] + counts[at])
        shapes[at], is_turned[at] = even_odd(alone[own], turned[own])
    return lines, shapes, is_turned
