"""Delivered villages' outlines become paths of one drawing, as a page draws them: coarse, of no use to measure by."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from village_credit.maps import DeliveredMap
from village_credit.shapes.findings import OUTLINES
from village_credit.shapes.look import VILLAGE_DIGITS, Seen, seen_of
from village_credit.shapes.villages import joined

SIDE = 1_000  # units of the drawing's longer side
COARSE = 1.5  # units by which an outline may be simplified


def outlines_of(maps: list[DeliveredMap]) -> pa.Table:
    """Return villages' outlines (OUTLINES), of the plane in which most of them are; none that cannot be drawn."""
    seen = [seen_of(place, one) for place, one in enumerate(maps) if one.kind == "villages"]
    planes = Counter({one.meridian: 0 for one in seen if one.meridian is not None})
    for one in seen:
        if one.meridian is not None:
            planes[one.meridian] += len(one.lines)
    if not planes:
        return OUTLINES.empty_table()
    try:
        return _drawn([one for one in seen if one.meridian == planes.most_common(1)[0][0]])
    except shapely.errors.GEOSException:
        return OUTLINES.empty_table()


def _drawn(seen: list[Seen]) -> pa.Table:
    named = [
        (code, shape)
        for one in seen
        for code, shape in zip(one.codes, one.shapes, strict=True)
        if code and len(code) == VILLAGE_DIGITS and code.isdigit()
    ]
    if not named:
        return OUTLINES.empty_table()
    villages = joined([code for code, _ in named], np.array([shape for _, shape in named], np.object_))
    west, south, east, north = shapely.total_bounds(np.array([*villages.values()], np.object_))
    unit = max(east - west, north - south) / SIDE
    if not unit > 0:  # nothing with an extent, or no number
        return OUTLINES.empty_table()
    size = {"width": round((east - west) / unit), "height": round((north - south) / unit)}
    drawn = (
        (code, _path(shapely.simplify(shape, COARSE * unit), west, north, unit)) for code, shape in villages.items()
    )
    rows = [{"village_code": code, "path": path, **size} for code, path in drawn if path]
    return pa.Table.from_pylist(rows, schema=OUTLINES)


def _path(shape: shapely.Geometry, west: float, north: float, unit: float) -> str:
    """Write the outer rings of a shape, from the upper left corner, in whole units."""
    rings = (shapely.get_exterior_ring(part) for part in shapely.get_parts(shape))
    return "".join(_ring(shapely.get_coordinates(ring), west, north, unit) for ring in rings if ring is not None)


def _ring(points: NDArray[np.float64], west: float, north: float, unit: float) -> str:
    places = np.rint(np.column_stack([points[:-1, 0] - west, north - points[:-1, 1]]) / unit).astype(np.int64)
    return f"M{'L'.join(f'{x} {y}' for x, y in places.tolist())}Z"
