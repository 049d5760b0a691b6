"""Each thing that may be the matter with a shape has its finding, on its line; a sound map has none."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pyarrow as pa
import pytest
import shapely

from data_contracts.agriculture_bureau import AREA_TOLERANCE
from data_contracts.reasons import SHAPE_REASONS
from tests.drawn import (
    DEGREES,
    EAST,
    NORTH,
    UTM,
    ZONE_6,
    changed,
    loose,
    outlines,
    parcels,
    rectangle,
    turned_round,
    without,
    zipped,
)
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.maps import find_maps, read_map
from village_credit.shapes import look as looking
from village_credit.shapes import neighbours
from village_credit.shapes.look import look

VILLAGE, OTHER = "659900100201", "659900100202"
MU = pa.decimal128(18, 4)
AREA = Decimal("7.5")  # mu of a rectangle of 100 by 50 m
Lines = list[tuple[int | None, str]]


def code(number: int, village: str = VILLAGE) -> str:
    return f"{village}01{number:05d}"


def register(numbers: Iterable[int] = range(1, 10), mu: Decimal = AREA, **contractors: str) -> pa.Table:
    """Accepted parcels by number, each its own contractor's where nothing else is said."""
    rows = [(code(number), contractors.get(f"n{number}", f"{VILLAGE}01{number:04d}")) for number in numbers]
    return pa.table(
        {
            "parcel_code": [parcel for parcel, _ in rows],
            "contractor_code": [contractor for _, contractor in rows],
            "measured_mu": pa.array([mu] * len(rows), MU),
            "contract_mu": pa.nulls(len(rows), MU),
        }
    )


def found(files: list[DeliveredFile], parcels: pa.Table | None = None) -> list[dict]:
    maps = [one for parts in find_maps(files) if (one := read_map(parts))]
    return look(maps, register() if parcels is None else parcels, AREA_TOLERANCE).to_pylist()


def told(*maps: dict[str, bytes], parcels: pa.Table | None = None, outline: dict[str, bytes] | None = None) -> Lines:
    """Line and code of every finding, where the village's outline is delivered too."""
    named = {f"DK{number}": parts for number, parts in enumerate(maps)}
    village = outline or outlines((VILLAGE, rectangle(-500, -500, 5000, 5000)))
    rows = found([zipped(**named, CJQY=village)], parcels)
    assert {row["reason_code"] for row in rows} <= set(SHAPE_REASONS)
    return [(row["line_number"], row["reason_code"]) for row in rows]


def row_of(*shapes: shapely.Geometry | None, crs: str | None = None, **fields: Iterable) -> dict[str, bytes]:
    """A map of parcels with the register's codes in order."""
    lines = [(code(number), shape) for number, shape in enumerate(shapes, start=1)]
    return parcels(
        *lines, **({"crs": crs} if crs else {}), **({"DKBM": [c for c, _ in lines]} | fields if fields else {})
    )


def drawn(*points: tuple[int, int]) -> shapely.Geometry:
    return shapely.Polygon([(EAST + east, NORTH + north) for east, north in points])


BOX, NEXT, THIRD = rectangle(0, 0), rectangle(200, 0), rectangle(400, 0)
SOUND = row_of(BOX, NEXT, THIRD)
BOW = drawn((0, 0), (100, 100), (100, 0), (0, 100))


def test_a_sound_map_has_no_finding():
    assert told(SOUND) == []
    assert told(row_of(BOX, rectangle(100, 0), rectangle(0, 50))) == []  # neighbours share their borders


def test_a_zone_of_six_degrees_is_measured_as_one_of_three():
    shapes = [shapely.transform(shape, lambda points: points - [19_000_000, 0]) for shape in (BOX, NEXT)]
    assert found([zipped(DK=row_of(*shapes, crs=ZONE_6, SCMJ=[5000.0, 4000.0]))]) == [
        {
            **dict.fromkeys(("line_number", "expected", "other_map", "other_line")),
            "map": 0,
            "reason_code": "OUTLINES_MISSING",
            "value": 2.0,
            "unit": "count",
        },
        {
            "map": 0,
            "line_number": 2,
            "reason_code": "SHAPE_AREA",
            "value": 5000.0,
            "expected": 4000.0,
            "unit": "square_metre",
            "other_map": None,
            "other_line": None,
        },
    ]


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        (without(SOUND, ".prj"), [(None, "SHAPES_NO_PROJECTION")]),
        (row_of(BOX, NEXT, crs=UTM), [(None, "SHAPES_OTHER_PROJECTION")]),
        (row_of(BOX, NEXT, crs=DEGREES), [(None, "SHAPES_IN_DEGREES")]),
        (row_of(BOX, shapely.box(114, 39, 114.1, 39.1)), [(2, "SHAPES_IN_DEGREES")]),
        (row_of(shapely.box(114, 39, 115, 40), shapely.box(114, 39, 114.1, 39.1)), [(None, "SHAPES_IN_DEGREES")]),
        (row_of(BOX, shapely.box(500_000, NORTH, 500_100, NORTH + 50)), [(2, "SHAPES_OTHER_PROJECTION")]),
        (turned_round(SOUND, 2), [(2, "RINGS_REVERSED")]),
        (turned_round(SOUND, 1, 2, 3), [(None, "RINGS_REVERSED")]),
        (row_of(BOX, None, THIRD), [(2, "SHAPE_EMPTY")]),
        (changed(SOUND, 2, 40, "<i", 1000), [(2, "SHAPE_UNREADABLE")]),
        (row_of(BOW, NEXT, THIRD), [(1, "SHAPE_SELF_CROSSING")]),
        (without(SOUND, ".shx"), [(None, "SHAPES_NO_INDEX")]),
        ({**SOUND, ".shp": SOUND[".shp"][:-8]}, [(None, "SHAPES_CUT")]),
        ({**SOUND, ".dbf": row_of(BOX)[".dbf"]}, [(None, "SHAPES_COUNT")]),
        ({**SOUND, ".shp": b"noise"}, [(None, "SHAPES_UNREADABLE")]),
    ],
)
def test_a_map_that_is_not_as_it_should_be_has_one_finding_and_the_rest_is_looked_at(
    parts: dict[str, bytes], lines: Lines
):
    assert told(parts) == lines


def test_an_area_is_the_shapes_own_or_a_finding_says_which_unit_it_is_in():
    areas = row_of(BOX, NEXT, THIRD, rectangle(600, 0), SCMJ=[5049.0, 7.5, 5051.0, 0.0])
    assert told(areas) == [(2, "SHAPE_AREA_IN_MU"), (3, "SHAPE_AREA"), (4, "SHAPE_AREA_NOT_SAID")]


def test_a_map_in_mu_throughout_is_said_to_be_once():
    (row,) = found(
        [zipped(DK=row_of(BOX, NEXT, SCMJ=[7.5, 7.5]), CJQY=outlines((VILLAGE, rectangle(-9, -9, 999, 999))))]
    )
    assert (row["line_number"], row["reason_code"], row["value"]) == (None, "SHAPE_AREA_IN_MU", 2.0)


def test_an_area_in_mu_under_its_own_name_is_none_of_square_metres():
    assert told(row_of(BOX, NEXT, SCMJM=[7.5, 7.6])) == [(2, "SHAPE_AREA")]
    assert told(row_of(BOX, NEXT, DKMC=["东", "西"])) == [(None, "SHAPE_AREA_NOT_SAID")]


@pytest.mark.parametrize(
    ("mu", "reason_code"),
    [
        (Decimal("7.50"), None),
        (Decimal("7.57"), None),
        (Decimal("7.58"), "REGISTER_AREA"),
        (Decimal(5000), "REGISTER_AREA_UNIT"),  # square metres where mu were meant
        (Decimal("0.0113"), "REGISTER_AREA_UNIT"),  # mu taken for square metres
    ],
)
def test_the_register_s_area_is_the_shapes_or_a_finding_says_so(mu: Decimal, reason_code: str | None):
    two = pa.concat_tables([register([1], mu), register([2])])
    assert told(row_of(BOX, NEXT), parcels=two) == ([(1, reason_code)] if reason_code else [])


def test_a_contract_s_area_in_mu_goes_before_the_measured_one():
    known = register([1, 2])
    said = known.set_column(3, "contract_mu", pa.array([Decimal(8), None], MU))
    assert told(row_of(BOX, NEXT), parcels=said) == [(1, "REGISTER_AREA")]


def test_a_tenth_of_the_smaller_one_may_lie_in_both_and_no_more():
    shapes = (BOX, rectangle(90, 0), rectangle(300, 0, 400, 400), rectangle(695, 0, 40, 10))
    rows = [row for row in found([zipped(DK=row_of(*shapes))], register([])) if row["other_line"]]
    assert [(row["line_number"], row["other_line"], row["reason_code"], row["value"]) for row in rows] == [
        (4, 3, "SHAPE_OVERLAP", 0.125)
    ]


def test_one_shape_twice_is_of_two_contractors_or_an_overlap():
    twice = row_of(BOX, BOX, NEXT)
    assert told(twice) == [(2, "SHAPE_OF_TWO_CONTRACTORS")]
    assert told(twice, parcels=register(n2=f"{VILLAGE}010001")) == [(2, "SHAPE_OVERLAP")]  # both are one contractor's


def test_one_code_twice_is_named_on_the_later_line_and_is_no_overlap():
    both = parcels((code(1), BOX), (code(1), BOX), (code(2), NEXT), (code(2), THIRD))
    rows = found([zipped(DK=both, CJQY=outlines((VILLAGE, rectangle(-9, -9, 999, 999))))])
    assert [(row["line_number"], row["reason_code"], row["other_line"]) for row in rows] == [
        (2, "SHAPE_CODE_TWICE", 1),
        (4, "SHAPE_CODE_TWICE", 3),
    ]


def test_a_map_delivered_anew_is_no_finding_where_its_shapes_are_the_same():
    anew = parcels((code(2), NEXT), (code(1), BOX), (code(3), rectangle(400, 5)))
    assert told(SOUND, anew) == [(3, "SHAPE_CODE_TWICE")]


def test_a_code_that_the_register_does_not_know_is_named_where_the_land_is_contracted():
    known = register([1])
    classes = row_of(BOX, NEXT, THIRD, SCMJ=[5000.0] * 3, DKLB=["10", "10", "21"])
    assert told(classes, parcels=known) == [(2, "SHAPE_CODE_UNKNOWN")]
    blank = parcels((code(1), BOX), ("", NEXT))
    assert told(blank) == [(2, "SHAPE_CODE_UNKNOWN")]
    assert told(SOUND, parcels=register([])) == [(None, "SHAPE_CODE_UNKNOWN")]


def test_a_parcel_of_which_more_than_half_is_outside_its_village_is_named():
    outline = outlines((VILLAGE, rectangle(0, 0, 249, 500)), (OTHER, rectangle(249, 0, 500, 500)))
    assert told(SOUND, outline=outline) == [(2, "SHAPE_OUTSIDE_VILLAGE"), (3, "SHAPE_OUTSIDE_VILLAGE")]
    outline = outlines((VILLAGE, rectangle(0, 0, 251, 500)), (VILLAGE, rectangle(300, 0, 300, 500)))
    assert told(SOUND, outline=outline) == []  # a village may be drawn in parts


def test_without_an_outline_of_the_same_package_nobody_asks_and_the_map_says_so():
    elsewhere = outlines((OTHER, rectangle(0, 0)))
    assert told(SOUND, outline=elsewhere) == [(None, "OUTLINES_MISSING")]
    files = [*loose("甲", DK=SOUND), *loose("乙", CJQY=outlines((VILLAGE, rectangle(5000, 0))))]
    assert [row["reason_code"] for row in found(files)] == ["OUTLINES_MISSING"]
    assert [row["reason_code"] for row in found([*loose("甲", DK=SOUND, CJQY=outlines((VILLAGE, BOX)))])] == [
        "SHAPE_OUTSIDE_VILLAGE",
        "SHAPE_OUTSIDE_VILLAGE",
    ]


def test_an_outline_in_the_same_plane_may_add_something_else_to_its_eastings():
    shape = shapely.transform(rectangle(-500, -500, 5000, 5000), lambda points: points - [38_000_000, 0])
    assert told(SOUND, outline=outlines((VILLAGE, shape), crs="EPSG:4547")) == []


def test_a_ring_that_touches_itself_or_goes_out_and_back_is_measured():
    touching = drawn((0, 0), (0, 100), (100, 100), (100, 0), (50, 0), (60, 30), (40, 30), (50, 0))
    spike = drawn((200, 0), (300, 0), (300, 25), (390, 25), (300, 25), (300, 50), (200, 50))
    assert told(row_of(touching, spike, SCMJ=[9700.0, 5000.0]), parcels=register([2])) == [(1, "SHAPE_CODE_UNKNOWN")]


def test_holes_in_holes_are_told_by_where_they_lie():
    nested = [rectangle(10 * n, 10 * n, 200 - 20 * n, 200 - 20 * n) for n in range(4)]
    ring = shapely.MultiPolygon([shapely.difference(nested[0], nested[1]), shapely.difference(nested[2], nested[3])])
    parts = row_of(ring, THIRD, SCMJ=[200**2 - 180**2 + 160**2 - 140**2, 5000.0])
    known = register([2])
    assert told(parts, parcels=known) == [(1, "SHAPE_CODE_UNKNOWN")]
    assert told(turned_round(parts, 1), parcels=known) == [(1, "RINGS_REVERSED"), (1, "SHAPE_CODE_UNKNOWN")]


def test_where_all_lie_upon_all_the_map_is_no_map_of_parcels(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(neighbours, "MOST_OF_FEW", 5)
    monkeypatch.setattr(neighbours, "MOST_A_SHAPE", 1)
    many = row_of(*(rectangle(0, north) for north in range(8)), SCMJ=[5000.0] * 8)
    assert told(many) == [(None, "SHAPES_ENTANGLED")]


def test_what_the_library_gives_up_at_is_said_of_the_map(monkeypatch: pytest.MonkeyPatch):
    def give_up(*_: object) -> None:
        raise shapely.errors.GEOSException("TopologyException")

    for name in ("draw_shapes", "overlaps", "joined"):
        with monkeypatch.context() as patch:
            patch.setattr(looking, name, give_up)
            assert (None, "SHAPES_UNREADABLE") in told(SOUND), name


def test_a_shape_of_a_deleted_line_is_no_parcels():
    dbf = bytearray(row_of(BOX, BOX, NEXT)[".dbf"])
    header, length = int.from_bytes(dbf[8:10], "little"), int.from_bytes(dbf[10:12], "little")
    dbf[header + length] = ord("*")
    assert told({**row_of(BOX, BOX, NEXT), ".dbf": bytes(dbf)}) == []
