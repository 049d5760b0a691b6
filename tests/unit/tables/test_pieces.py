"""What a run measured is taken apart and put together again: nothing is lost, and nothing belongs to nobody."""

from __future__ import annotations

import pyarrow as pa

from village_credit.decide.decide import SIMULATION_TABLES
from village_credit.tables.causes import PIECES
from village_credit.tables.pieces import TABLES, Numbered, pieces_of, put_together, touched

EMPTY = {
    "marks": pa.schema([("unit_code", pa.int8()), ("mark", pa.dictionary(pa.int32(), pa.string()))]),
    "reviewed": pa.schema([("unit_code", pa.int8()), ("reason_codes", pa.list_(pa.string()))]),
    "in_force": pa.schema([("unit_code", pa.int8()), ("product", pa.string()), ("drawn_yuan", pa.int64())]),
    "known": pa.schema([("unit_code", pa.int8()), ("ppm", pa.int16())]),
}


def measured(**rows: list[dict]) -> dict[str, pa.Table]:
    plain = pa.schema([("unit_code", pa.int8())])
    return {name: pa.Table.from_pylist(rows.get(name, []), schema=EMPTY.get(name, plain)) for name in SIMULATION_TABLES}


def test_every_table_belongs_to_a_piece_and_every_piece_to_a_cause():
    pieces = pieces_of(measured())
    chosen = dict.fromkeys((*PIECES, "facts"), pieces)
    assert set(put_together(chosen, None, None)) == set(SIMULATION_TABLES)
    assert set(TABLES) <= {*PIECES, "facts"}


def test_marks_and_verdicts_come_together_as_they_were():
    marks = [{"unit_code": 1, "mark": mark} for mark in ("held", "recoded", "disputed", "lacking")]
    said = [{"unit_code": 2, "reason_codes": codes} for codes in ([], ["OVERDUE"])]
    pieces = pieces_of(measured(marks=marks, reviewed=said))
    tables = put_together(dict.fromkeys((*PIECES, "facts"), pieces), None, None)
    assert sorted(tables["marks"]["mark"].to_pylist()) == sorted(row["mark"] for row in marks)
    assert sorted(tables["reviewed"]["reason_codes"].to_pylist()) == [[], ["OVERDUE"]]


def test_a_draw_is_apart_from_its_line_and_a_new_line_comes_with_its_draw():
    before = pieces_of(measured(in_force=[{"unit_code": 1, "product": "farmer_line", "drawn_yuan": 5}]))
    lines = [{"unit_code": unit, "product": "farmer_line", "drawn_yuan": 9} for unit in (1, 2)]
    after = pieces_of(measured(in_force=lines))
    chosen = dict.fromkeys((*PIECES, "facts"), after) | {"drawn": before}
    rows = put_together(chosen, None, None)["in_force"].to_pylist()
    assert {row["unit_code"]: row["drawn_yuan"] for row in rows} == {1: 5, 2: 9}
    assert touched("drawn", before, after).tolist() == [1]
    assert touched("lines", before, after).tolist() == [2]


def test_households_of_two_runs_are_numbered_as_the_later_has_them():
    keys = {"after": ["ha", "hb"], "before": ["hc", "hb"]}
    units = {name: pa.table({"unit_code": pa.array([0, 1], pa.int32()), "household_key": keys[name]}) for name in keys}
    numbered = Numbered(units["after"], units["before"])
    assert numbered.count == 3
    given = {"held": pa.table({"unit_code": pa.array([0, 1], pa.int8())})}
    assert numbered.renumbered(given)["held"]["unit_code"].to_pylist() == [2, 1]
