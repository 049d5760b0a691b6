"""What a page may tell of causes: few households never by themselves, and nothing from which theirs would follow."""

from __future__ import annotations

import pyarrow as pa
import pytest

from village_credit.tables.told_causes import told_causes

Told = list[tuple[list[str], int | None, int | None, int | None, int | None]]


def told(**causes: list[int]) -> Told:
    """What is told of causes, each the yuan of its households from the first on."""
    rows = [
        {"household_key": f"h{at}", "cause": cause.replace("__", "+"), "yuan": yuan}
        for cause, moved in causes.items()
        for at, yuan in enumerate(moved)
    ]
    schema = pa.schema([("household_key", pa.string()), ("cause", pa.string()), ("yuan", pa.int64())])
    found = told_causes(pa.Table.from_pylist(rows, schema=schema)).to_pylist()
    figures = ("households", "raised_yuan", "lowered_yuan", "yuan")
    return [(["+".join(one) for one in row["causes"]], *(row[name] for name in figures)) for row in found]


def test_a_few_households_are_told_with_the_next_of_their_size_and_the_rest_is_told():
    found = told(day__deliveries=[5] * 400, policy=[-2] * 60, holds=[-7])
    assert found == [
        (["day+deliveries"], 400, 2_000, 0, 2_000),
        (["policy", "holds"], 60, 0, -127, -127),
        ([], None, None, None, 1_873),
    ]


def test_where_no_cause_is_of_few_each_is_told():
    assert [row[0] for row in told(policy=[1] * 30, budget=[-1] * 31)] == [["policy"], ["budget"], []]


def test_the_same_few_households_by_several_causes_are_not_many():
    """Two causes of 20 move 20 households, not 40: a third goes with them."""
    found = told(policy=[1] * 90, holds=[-2] * 20, budget=[-3] * 20, renewal=[1] * 50)
    assert found[:2] == [(["policy"], 90, 90, 0, 90), (["holds", "renewal", "budget"], 50, None, None, -50)]


@pytest.mark.parametrize(("lowered", "is_told"), [(0, True), (29, False), (30, True)])
def test_more_and_less_are_told_where_neither_is_of_few(lowered: int, is_told: bool):
    ((_, households, more, less, yuan), _) = told(policy=[3] * 40 + [-1] * lowered)
    assert (households, yuan) == (40 + lowered, 120 - lowered)
    assert (more, less) == ((120, -lowered) if is_told else (None, None))


def test_of_few_households_in_all_only_the_sum_is_told():
    assert told(policy=[3] * 5, holds=[-1]) == [
        (["policy", "holds"], None, None, None, None),
        ([], None, None, None, 14),
    ]
    assert told() == [([], None, None, None, 0)]
