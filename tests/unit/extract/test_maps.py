"""Which files of a delivery are a map, of what, and what is the matter with it as a whole."""

from __future__ import annotations

import pytest

from tests.drawn import delivered, loose, outlines, parcels, rectangle, shapefile, without, zipped
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.maps import find_maps, has_shapes, read_map
from village_credit.extract.read import read_file

VILLAGE = "659900100201"
CODE = f"{VILLAGE}0100001"
DK = parcels((CODE, rectangle(0, 0)), (f"{VILLAGE}0100002", rectangle(200, 0)))
CJQY = outlines((VILLAGE, rectangle(-50, -50, 1000, 1000)))


def read(files: list[DeliveredFile]) -> list[tuple[str, str, list[str]]]:
    """Kind, sheet and what is the matter of each map."""
    maps = (read_map(parts) for parts in find_maps(files))
    return [(one.kind, one.sheet, [fault.reason_code for fault in one.faults]) for one in maps if one]


def test_a_map_is_known_by_its_tables_columns_and_not_by_its_name():
    assert read([zipped(甲=DK, 乙=CJQY)]) == [("parcels", "矢量数据/甲.dbf", []), ("villages", "矢量数据/乙.dbf", [])]
    assert read(loose(甲=DK)) == [("parcels", "", [])]


def test_maps_of_other_things_are_passed_over():
    roads = shapefile([rectangle(0, 0)], {"NAME": ["路"]})
    county = outlines(("659900", rectangle(0, 0)), ("659900100", rectangle(0, 0)), ("659900100000", rectangle(0, 0)))
    points = {**DK, ".shp": DK[".shp"][:32] + b"\1" + DK[".shp"][33:]}
    assert read([zipped(路=roads, 县=county, 界址点=points)]) == []


def test_a_village_s_code_may_be_filled_up_with_zeros():
    parts = shapefile([rectangle(0, 0)], {"ZLDWDM": [f"{VILLAGE}0000000"]})
    (one,) = find_maps([zipped(村=parts)])
    assert read_map(one).lines.column("code").to_pylist() == [VILLAGE]


def test_a_copy_is_looked_at_once_and_each_package_keeps_its_outlines():
    files = [zipped("a.zip", DK=DK, CJQY=CJQY), zipped("b.zip", DK2=DK, CJQY=CJQY)]
    assert [kind for kind, *_ in read(files)] == ["parcels", "villages", "villages"]


@pytest.mark.parametrize(
    ("parts", "faults"),
    [
        (without(DK, ".shx"), ["SHAPES_NO_INDEX"]),
        (without(DK, ".dbf"), ["SHAPES_UNREADABLE"]),
        ({**DK, ".dbf": DK[".dbf"][:20]}, ["SHAPES_UNREADABLE"]),
        ({**DK, ".shp": b""}, ["SHAPES_UNREADABLE"]),
        ({**DK, ".shp": DK[".shp"][:-4]}, ["SHAPES_CUT"]),
        ({**DK, ".shp": DK[".shp"][:-4], ".shx": b""}, ["SHAPES_NO_INDEX", "SHAPES_CUT"]),
        ({**DK, ".dbf": DK[".dbf"][:-6]}, ["SHAPES_CUT"]),
        ({**DK, ".dbf": parcels((CODE, rectangle(0, 0)))[".dbf"]}, ["SHAPES_COUNT"]),
        ({**without(DK, ".shx"), ".dbf": parcels((CODE, None))[".dbf"]}, ["SHAPES_NO_INDEX", "SHAPES_COUNT"]),
    ],
)
def test_what_is_the_matter_with_a_map_is_said_of_it(parts: dict[str, bytes], faults: list[str]):
    assert [found for _, _, found in read([zipped(DK=parts)])] == [faults]
    assert [found for _, _, found in read(loose(DK=parts))] == [faults]


def test_only_a_shp_makes_a_map():
    assert has_shapes([zipped(DK=DK)])
    assert has_shapes(loose(DK=DK))
    assert not has_shapes([zipped(DK=without(DK, ".shp"))])
    assert not has_shapes([delivered("._DK.shp", DK[".shp"]), delivered("a.zip", b"PK cut")])
    assert read([zipped(DK=without(DK, ".shp"))]) == []


def test_the_table_of_a_map_is_read_as_any_other_and_its_other_parts_are_no_tables():
    assert [(table.sheet, table.total_lines) for table in read_file(zipped(DK=DK))] == [("矢量数据/DK.dbf", 2)]
    assert sum(len([*read_file(file)]) for file in loose(DK=without(DK, ".cpg"))) == 1


def test_a_table_that_promises_billions_of_lines_makes_no_room_for_them():
    promised = DK[".dbf"][:4] + b"\xff" * 4 + DK[".dbf"][8:]
    parts = {**without(DK, ".shx"), ".dbf": promised, ".shp": DK[".shp"][:-4]}
    assert [found for _, _, found in read([zipped(DK=parts)])] == [["SHAPES_NO_INDEX", "SHAPES_COUNT"]]
