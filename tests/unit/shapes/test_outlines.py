"""Villages' outlines as a page draws them: as they lie to each other, coarse, and none that cannot be drawn."""

from __future__ import annotations

import re

import pytest
import shapely

from tests.drawn import DEGREES, XIAN_80, ZONE_3, ZONE_6, loose, outlines, rectangle, without
from village_credit.extract.maps import find_maps, read_map
from village_credit.shapes.findings import OUTLINES
from village_credit.shapes.outlines import SIDE, outlines_of

WEST, EAST = "659900100201", "659900100202"


def drawn(**maps: dict[str, bytes]) -> dict[str, dict]:
    found = [one for parts in find_maps(loose(**maps)) if (one := read_map(parts)) is not None]
    table = outlines_of(found)
    assert table.schema == OUTLINES
    return {row["village_code"]: row for row in table.to_pylist()}


def points(path: str) -> set[tuple[int, int]]:
    return {(int(x), int(y)) for x, y in re.findall(r"[ML](-?\d+) (-?\d+)", path)}


def test_villages_lie_to_each_other_as_their_outlines_do_north_up():
    found = drawn(CJQY=outlines((WEST, rectangle(0, 0, 2000, 1000)), (EAST, rectangle(2000, 500, 2000, 1500))))
    assert {row["width"] for row in found.values()} == {SIDE}
    assert {row["height"] for row in found.values()} == {SIDE // 2}
    assert points(found[WEST]["path"]) == {(0, 500), (0, 250), (500, 250), (500, 500)}
    assert points(found[EAST]["path"]) == {(500, 375), (500, 0), (1000, 0), (1000, 375)}


def test_a_village_in_parts_is_one_path_and_a_hole_is_filled():
    hole = shapely.difference(rectangle(0, 0, 1000, 1000), rectangle(400, 400, 100, 100))
    found = drawn(CJQY=outlines((WEST, hole), (WEST, rectangle(3000, 0, 1000, 1000))))
    assert found[WEST]["path"].count("M") == 2


def test_what_no_eye_would_see_is_left_out():
    circle = shapely.buffer(shapely.centroid(rectangle(0, 0, 1000, 1000)), 5000, quad_segs=2000)
    found = drawn(CJQY=outlines((WEST, circle)))
    assert 8 < len(points(found[WEST]["path"])) < 200


@pytest.mark.parametrize("crs", [DEGREES, XIAN_80])
def test_what_lies_in_no_known_plane_is_not_drawn(crs: str):
    assert drawn(CJQY=outlines((WEST, rectangle(0, 0)), crs=crs)) == {}


def test_of_two_planes_the_one_with_more_villages_is_drawn():
    many = outlines((WEST, rectangle(0, 0)), (EAST, rectangle(200, 0)), crs=ZONE_3)
    other = outlines(("659900100203", shapely.box(20_500_000, 4_400_000, 20_501_000, 4_401_000)), crs=ZONE_6)
    assert set(drawn(A=many, B=other)) == {WEST, EAST}


def test_codes_that_are_no_village_s_and_maps_without_shapes_are_not_drawn():
    assert drawn(CJQY=outlines(("6599", rectangle(0, 0)), ("65990010020x", rectangle(0, 0)))) == {}
    assert drawn(CJQY=without(outlines((WEST, rectangle(0, 0))), ".prj")) == {}
    assert drawn() == {}
