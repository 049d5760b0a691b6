"""An answer that hides small counts: of a cell, and of the few of many who are in a part of it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from village_credit.services.queries.few import few_of, without_few
from village_credit.services.queries.saved import _said, saved_queries

SAID = {"few": "village, band: lines, limit_yuan", "few_parts": "owing_lines, owed_yuan"}
NAMES = ("village", "band", "lines", "limit_yuan", "owing_lines", "owed_yuan")


def hidden(*rows: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    few = few_of(SAID)
    assert few is not None
    table = pa.Table.from_pylist([dict(zip(NAMES, row, strict=True)) for row in rows])
    return [tuple(row.values()) for row in without_few(table, few).to_pylist()]


def test_where_every_count_is_of_enough_all_is_told():
    rows = [("v", "A", 60, 600, 30, 5), ("v", "B", 61, 600, 31, 5), ("w", "A", 62, 1, 32, 1), ("w", "B", 63, 1, 33, 1)]
    assert hidden(*rows) == rows


def test_a_small_cell_goes_with_its_figures_and_with_as_many_others_as_it_would_follow_from():
    rows = [(place, band, 5 if (place, band) == ("v", "A") else 90, 9, 45, 5) for place in "vwx" for band in "ABC"]
    found = hidden(*rows)
    assert found[0] == ("v", "A", None, None, None, None)
    gone = [(row[0], row[1]) for row in found if row[2] is None]
    assert all(sum(place[axis] == small for place in gone) > 1 for axis, small in enumerate(("v", "A")))
    assert 4 <= len(gone) < len(rows)


@pytest.mark.parametrize("part", [3, 87])
def test_of_a_cell_of_many_few_who_owe_or_who_do_not_are_not_told(part: int):
    found = hidden(("v", "A", 90, 900, part, 7), ("w", "A", 91, 910, 45, 7), ("x", "A", 92, 920, 46, 7))
    assert found[0] == ("v", "A", 90, 900, None, None)
    assert [row[2:4] for row in found] == [(90, 900), (91, 910), (92, 920)]
    assert sum(row[4] is None for row in found) > 1


def test_only_queries_by_band_hide_small_counts():
    assert [one.name for one in saved_queries() if few_of(_said(one.name))] == ["use_by_band", "use_by_village"]
