"""What a run measured, in pieces that can be taken from one run or another, on one numbering of households."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from village_credit.decide.decide import FACTS_KEPT, MEASURED
from village_credit.duckdb_session import cursor_over
from village_credit.sql_files import sql

Whole = NDArray[np.int64]
Tables = dict[str, pa.Table]
UNIT = "unit_code"
# The tables of each piece; what of a table belongs to another piece stands under a name of its own.
TABLES = {
    "lines": ("in_force", "decided_before", "rise_bases"),
    "lineage": ("marks_recoded", "recoded", "lineage_caps", "closed_lines"),
    "relief": ("affected", "waiting", "lapsed", "noted"),
    "reviews": ("reviewed_reviews", "supplied"),
    "signatures": ("reviewed_signatures",),
    "holds": ("held", "marks_held"),
    "branch": ("branch_words",),
    "renewal": ("ended", "renewed"),
    "disputed": ("marks_disputed",),
    "facts": ("marks_others", *(name for name in (*MEASURED, *FACTS_KEPT) if name not in ("marks", "in_force"))),
}
EXCUSED = ("CONDUCT_EXCUSED", "LISTING_LIFTED")
SPLIT_MARKS = ("held", "recoded", "disputed")
FEW = 4  # of so many households one or fewer are touched: the others are left out before anything is decided


class Numbered:
    """One numbering of the households of two runs: the later run's numbers, and further ones for whom it lacks."""

    def __init__(self, after: pa.Table, before: pa.Table) -> None:
        """Number them; both: unit_code, household_key."""
        known = _whole(after.column(UNIT))
        start = int(known.max()) + 1 if len(known) else 0
        others = before.filter(pc.invert(pc.is_in(before.column("household_key"), after.column("household_key"))))
        self.count = start + others.num_rows
        keys = pa.concat_arrays([_flat(table.column("household_key")) for table in (after, others)])
        numbers = np.concatenate([known, np.arange(start, self.count)])
        self.keys, self.numbers = keys, numbers
        self.units = pa.table({UNIT: pa.array(numbers, pa.int64()), "household_key": keys})
        there = _whole(before.column(UNIT))
        self._of_before = np.zeros(int(there.max()) + 1 if len(there) else 0, np.int64)
        self._of_before[there] = self.places(before.column("household_key"))

    def places(self, keys: pa.ChunkedArray) -> Whole:
        """Return the numbers of households by their keys."""
        found: Whole = self.numbers[pc.index_in(keys, value_set=self.keys).to_numpy()]
        return found

    def renumbered(self, tables: Tables) -> Tables:
        """Return the earlier run's tables under these numbers."""
        return {name: _with_units(table, self._of_before[_whole(table.column(UNIT))]) for name, table in tables.items()}


@dataclass(frozen=True)
class Pieces:
    """A run's measured tables, those that belong to several pieces in parts."""

    tables: Tables

    def are_facts_of(self, other: Pieces) -> bool:
        """Tell whether two runs measured the same, their scores aside."""
        return all(_unscored(self.tables[name]).equals(_unscored(other.tables[name])) for name in TABLES["facts"])

    @property
    def excuses(self) -> bool:
        """Tell whether relief took anything out of conduct or listings."""
        return bool(pc.any(pc.is_in(self.tables["noted"].column("code"), pa.array(EXCUSED, pa.string()))).as_py())

    def ppm(self, count: int) -> pa.Array:
        """Return each household's default probability by its number; null: not scored."""
        known = self.tables["known"]
        found = np.full(count, -1, np.int64)
        found[_whole(known.column(UNIT))] = pc.fill_null(pc.cast(known.column("ppm"), pa.int64()), -1).to_numpy()
        return pa.array(found, pa.int64(), mask=found < 0)


def pieces_of(tables: Tables) -> Pieces:
    """Take measured tables apart."""
    alike = {name: _with_units(table, _whole(table.column(UNIT))) for name, table in tables.items()}
    marks, reviewed = _plain(alike.pop("marks")), _plain(alike.pop("reviewed"))
    for mark in SPLIT_MARKS:
        alike[f"marks_{mark}"] = marks.filter(pc.equal(marks.column("mark"), mark))
    split = pa.array(SPLIT_MARKS, pa.string())
    alike["marks_others"] = marks.filter(pc.invert(pc.is_in(marks.column("mark"), split)))
    is_signature = pc.equal(pc.list_value_length(reviewed.column("reason_codes")), 0)
    alike["reviewed_signatures"] = reviewed.filter(is_signature)  # who signs refuses where nothing else stands against
    alike["reviewed_reviews"] = reviewed.filter(pc.invert(is_signature))
    return Pieces(alike)


def touched(piece: str, before: Pieces, after: Pieces) -> Whole:
    """Return the numbers of households of whom a piece of two runs says something else."""
    if piece == "scores":
        return _units_apart(_scores(before), _scores(after))
    if piece == "drawn":
        return _units_apart(_in_force(after, before), _plain(after.tables["in_force"]))
    return np.concatenate([_units_apart(_compared(before, name), _compared(after, name)) for name in TABLES[piece]])


def _compared(side: Pieces, name: str) -> pa.Table:
    """Return a table as its piece is compared: what is drawn of a line is a piece of its own."""
    table = side.tables[name]
    return table.drop_columns(["drawn_yuan"]) if name == "in_force" else table


def _scores(side: Pieces) -> pa.Table:
    return side.tables["known"].select([UNIT, "ppm"])


def put_together(chosen: dict[str, Pieces], ppm: pa.Array | None, units: Whole | None) -> Tables:
    """Return measured tables, each piece from the side that is chosen for it; of `units` alone, where they are few.

    `ppm`: each household's default probability by its number, in place of what was measured with the facts.
    """
    tables = {name: chosen[piece].tables[name] for piece, names in TABLES.items() for name in names}
    tables["in_force"] = _in_force(chosen["lines"], chosen["drawn"])
    tables["marks"] = pa.concat_tables(tables.pop(f"marks_{mark}") for mark in (*SPLIT_MARKS, "others"))
    tables["reviewed"] = pa.concat_tables(tables.pop(f"reviewed_{what}") for what in ("reviews", "signatures"))
    if ppm is not None:
        known = tables["known"]
        place = known.schema.get_field_index("ppm")
        tables["known"] = known.set_column(place, "ppm", ppm.take(known.column(UNIT)))
    return tables if units is None else {name: _only(table, units) for name, table in tables.items()}


def side_by_side(several: Sequence[Tables], count: int) -> Tables:
    """Return tables of several below each other: units of the second come `count` later, and so on."""
    return {name: _below([tables[name] for tables in several], count) for name in several[0]}


def _below(tables: Sequence[pa.Table], count: int) -> pa.Table:
    moved = [_with_units(_plain(each), _whole(each.column(UNIT)) + turn * count) for turn, each in enumerate(tables)]
    return pa.concat_tables(moved, promote_options="permissive")


def one_by_one(outcome: pa.Table, turns: int, count: int) -> list[pa.Table]:
    """Return each one's rows of what was decided side by side, under its own units."""
    units = _whole(outcome.column(UNIT))
    is_of = [units // count == turn for turn in range(turns)]
    return [_with_units(outcome.filter(pa.array(mine)), units[mine] - turn * count) for turn, mine in enumerate(is_of)]


def _in_force(lines: Pieces, drawn: Pieces) -> pa.Table:
    """Return the lines of one side with what the other knows to be drawn of them; of others as they are."""
    mine, others = lines.tables["in_force"], drawn.tables["in_force"]
    if mine is others:
        return mine
    found = cursor_over({"lines": _plain(mine), "others": _plain(others)})
    return found.sql(sql("tables", "drawn_otherwise")).to_arrow_table().cast(_plain(mine).schema)


def _units_apart(before: pa.Table, after: pa.Table) -> Whole:
    """Return the units of rows that one of two tables has and the other lacks."""
    if before.equals(after):
        return np.empty(0, np.int64)
    if not (before.num_rows and after.num_rows):
        return np.concatenate([_whole(table.column(UNIT)) for table in (before, after)])
    found = cursor_over({"before_rows": _plain(before), "after_rows": _plain(after)})
    return _whole(found.sql(sql("tables", "units_apart")).to_arrow_table().column(UNIT))


def _only(table: pa.Table, units: Whole) -> pa.Table:
    return table.filter(pc.is_in(table.column(UNIT), pa.array(units, pa.int32())))


def _unscored(table: pa.Table) -> pa.Table:
    return table.drop_columns(["ppm"]) if "ppm" in table.column_names else table


def _with_units(table: pa.Table, units: Whole) -> pa.Table:
    place = table.schema.get_field_index(UNIT)
    return table.set_column(place, UNIT, pa.array(units, pa.int32()))


def _plain(table: pa.Table) -> pa.Table:
    """Return a table with columns as wide as they may be, so that it can be laid beside another."""
    return table.cast(pa.schema([field.with_type(_wide(field)) for field in table.schema]))


def _wide(field: pa.Field) -> pa.DataType:
    if field.name == UNIT:
        return pa.int32()
    if pa.types.is_dictionary(field.type):
        return field.type.value_type
    return pa.int64() if pa.types.is_integer(field.type) else field.type


def _whole(column: pa.ChunkedArray) -> Whole:
    found: Whole = column.to_numpy().astype(np.int64, copy=False)
    return found


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.cast(pa.string()).combine_chunks()
