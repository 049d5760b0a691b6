"""A .shp is read as another library reads it, record by record, and as far as it is whole."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tests.drawn import EAST, changed, parcels, places, rectangle, turned_round
from village_credit.extract.guard import Damaged
from village_credit.extract.shapefile import MOST_RINGS, ShapeFile, read_shapes, shape_type
from village_credit.shapes.polygons import draw_shapes
from village_credit.shapes.projection import Zone

ZONE = Zone(114.0, 38_500_000.0)
HOLED = shapely.difference(rectangle(300, 0), rectangle(320, 10, 20, 20))
PARTS = shapely.union(rectangle(600, 0), rectangle(900, 0))
SHAPES = (rectangle(0, 0), None, HOLED, PARTS, rectangle(1200, 0))
MAP = parcels(*((f"{number}", shape) for number, shape in enumerate(SHAPES)))


def read(parts: dict[str, bytes], lines: int = len(SHAPES)) -> ShapeFile:
    return read_shapes(parts[".shp"], parts.get(".shx"), lines)


def test_every_shape_is_what_another_library_wrote_by_its_line():
    found = read(MAP)
    assert (found.promised, found.has_index, found.rings.empty.tolist()) == (5, True, [2])
    drawn = draw_shapes(0, found.rings, ZONE)
    assert drawn.lines.tolist() == [1, 3, 4, 5]
    back = shapely.transform(drawn.shapes, lambda points: points + np.array([EAST, 0]))
    assert all(shapely.equals(back, [shape for shape in SHAPES if shape]))
    assert drawn.findings.column("reason_code").to_pylist() == ["SHAPE_EMPTY"]


@pytest.mark.parametrize("shx", [None, b"", b"\0" * 108, MAP[".shx"][:-8], MAP[".shx"][:-3]])
def test_without_an_index_of_use_records_are_read_in_their_order(shx: bytes | None):
    found = read_shapes(MAP[".shp"], shx, len(SHAPES))
    assert not found.has_index
    assert np.array_equal(found.rings.points, read(MAP).rings.points)
    assert np.array_equal(found.rings.line_of_ring, read(MAP).rings.line_of_ring)


def test_an_index_that_points_to_one_large_record_a_thousand_times_is_of_no_use():
    entry = MAP[".shx"][100:108]
    shx = bytearray(MAP[".shx"][:100] + 1000 * entry)
    struct.pack_into(">i", shx, 24, len(shx) // 2)
    assert not read_shapes(MAP[".shp"], bytes(shx), len(SHAPES)).has_index


@pytest.mark.parametrize("has_index", [True, False])
def test_of_a_file_cut_short_every_whole_shape_is_read_and_the_others_are_lost(has_index: bool):
    shp = MAP[".shp"][: places(MAP[".shp"])[3][1] - 1]
    found = read_shapes(shp, MAP[".shx"] if has_index else None, len(SHAPES))
    assert np.unique(found.rings.line_of_ring).tolist() == [1, 3]
    assert (found.rings.lost.tolist(), found.promised) == ([4, 5], 5)


def test_what_is_no_shp_of_polygons_is_damaged():
    points = bytearray(MAP[".shp"])
    struct.pack_into("<i", points, 32, 1)
    for shp in (b"", MAP[".shp"][:99], bytes(points), b"\0" * 200):
        with pytest.raises(Damaged):
            read_shapes(shp, None, 1)
    assert shape_type(bytes(points)) == 1


BEYOND = [
    changed(MAP, 1, 36, "<i", 0),  # no rings
    changed(MAP, 1, 36, "<i", MOST_RINGS + 1),
    changed(MAP, 1, 36, "<i", -1),
    changed(MAP, 1, 40, "<i", 6),  # more points than the record holds
    changed(MAP, 1, 40, "<i", -5),
    changed(MAP, 1, 40, "<i", 3),  # a ring of three points
    changed(MAP, 1, 44, "<i", 1),  # the first ring begins at the second point
    changed(MAP, 3, 48, "<i", 0),  # two rings begin at one point
    changed(MAP, 1, 48, "<d", float("nan")),
    changed(MAP, 1, 48, "<d", float("inf")),
    changed(MAP, 1, 0, "<i", 3),  # a line among polygons
]


@pytest.mark.parametrize("parts", BEYOND)
def test_a_shape_that_contradicts_itself_is_broken_and_its_neighbours_are_read(parts: dict[str, bytes]):
    found = read(parts).rings
    assert len(found.broken) == 1
    assert {4, 5} <= {*found.line_of_ring.tolist()}
    assert found.broken[0] not in found.line_of_ring


def test_a_ring_is_read_whichever_way_it_goes_round():
    drawn = draw_shapes(0, read(turned_round(MAP, 1, 3)).rings, ZONE)
    assert shapely.area(drawn.shapes).round(6).tolist() == [shapely.area(shape) for shape in SHAPES if shape]
    found = drawn.findings.filter(drawn.findings.column("line_number").is_valid()).to_pylist()
    assert {(row["line_number"], row["reason_code"]) for row in found} >= {(1, "RINGS_REVERSED"), (3, "RINGS_REVERSED")}
    assert len(found) == 3


@given(st.integers(0, len(MAP[".shp"]) - 1), st.binary(min_size=1, max_size=16), st.booleans())
def test_no_bytes_raise_anything_but_damage(at: int, noise: bytes, has_index: bool):
    shp = MAP[".shp"][:at] + noise + MAP[".shp"][at + len(noise) :]
    try:
        found = read_shapes(shp, MAP[".shx"] if has_index else None, len(SHAPES))
    except Damaged:
        return
    drawn = draw_shapes(0, found.rings, ZONE)
    assert (shapely.area(drawn.shapes) > 0).all()
