"""Of equal rows the first stands; of one key the latest does, or the correction, or none."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from village_credit.validate.deduplicate import deduplicate

BOOK = pa.schema(
    [
        ("row_id", pa.int64()),
        ("source_id", pa.int64()),
        ("year", pa.int64()),
        ("person_id", pa.string()),
        ("id_number", pa.string()),
        ("collected_on", pa.date32()),
        ("wage_income_yuan", pa.decimal128(18, 2)),
    ]
)
FIRST, LATER = date(2026, 3, 1), date(2026, 5, 1)
Row = tuple[int, str, date | None, int]  # source, person, collected on, wages


def books(*rows: Row) -> pa.Table:
    """Households' books of 2026, row_id in the order given."""
    return pa.Table.from_pylist(
        [
            {
                "row_id": number,
                "source_id": source,
                "year": 2026,
                "person_id": person,
                "id_number": person,
                "collected_on": day,
                "wage_income_yuan": wages,
            }
            for number, (source, person, day, wages) in enumerate(rows)
        ],
        schema=BOOK,
    )


def corrections(*sources: int) -> pa.Table:
    return pa.table({"source_id": pa.array(sources, pa.int64())})


def outcomes(rows: pa.Table, *correcting: int) -> dict[int, str]:
    """Return each row's outcome: `stands`, or what became of it."""
    settled = deduplicate("household_economy", rows, corrections(*correcting))
    found = dict.fromkeys(settled.standing.column("row_id").to_pylist(), "stands")
    gone = settled.outcomes.to_pylist()
    assert not found.keys() & {row["row_id"] for row in gone}
    return found | {row["row_id"]: row["reason_code"] or row["outcome"] for row in gone}


def test_of_equal_rows_the_first_stands():
    rows = books((0, "a", FIRST, 1), (1, "a", FIRST, 1), (0, "a", FIRST, 1))
    assert outcomes(rows) == {0: "stands", 1: "duplicate", 2: "duplicate"}


def test_rows_that_differ_in_one_field_are_no_duplicates():
    assert outcomes(books((0, "a", FIRST, 1), (0, "b", FIRST, 1))) == {0: "stands", 1: "stands"}


@pytest.mark.parametrize("is_later_first", [False, True])
def test_the_latest_day_supersedes_whichever_was_read_first(is_later_first):
    old, new = (0, "a", FIRST, 1), (1, "a", LATER, 2)
    rows = books(new, old) if is_later_first else books(old, new)
    assert outcomes(rows) == {int(is_later_first): "superseded", int(not is_later_first): "stands"}


def test_a_day_supersedes_no_day():
    assert outcomes(books((0, "a", None, 1), (1, "a", FIRST, 2))) == {0: "superseded", 1: "stands"}


def test_a_tie_is_settled_by_the_path_that_says_it_corrects():
    rows = books((0, "a", FIRST, 1), (1, "a", FIRST, 2))
    assert outcomes(rows, 1) == {0: "superseded", 1: "stands"}


def test_a_later_day_beats_a_correction_of_an_earlier_one():
    rows = books((0, "a", LATER, 1), (1, "a", FIRST, 2))
    assert outcomes(rows, 1) == {0: "stands", 1: "superseded"}


@pytest.mark.parametrize("correcting", [(), (0, 1)], ids=["no correction", "two corrections"])
def test_a_tie_that_nothing_settles_quarantines_both(correcting):
    rows = books((0, "a", FIRST, 1), (1, "a", FIRST, 2))
    assert outcomes(rows, *correcting) == {0: "CONFLICTING_ROWS", 1: "CONFLICTING_ROWS"}


def test_without_any_day_nothing_settles_a_tie():
    rows = books((0, "a", None, 1), (1, "a", None, 2))
    assert outcomes(rows) == {0: "CONFLICTING_ROWS", 1: "CONFLICTING_ROWS"}


def test_what_is_older_than_a_conflict_is_superseded():
    rows = books((0, "a", FIRST, 1), (1, "a", LATER, 2), (2, "a", LATER, 3))
    assert outcomes(rows) == {0: "superseded", 1: "CONFLICTING_ROWS", 2: "CONFLICTING_ROWS"}


def test_equal_rows_of_the_latest_day_are_no_conflict():
    rows = books((0, "a", FIRST, 1), (1, "a", LATER, 2), (2, "a", LATER, 2))
    assert outcomes(rows) == {0: "superseded", 1: "stands", 2: "duplicate"}


def test_other_people_and_years_are_left_alone():
    rows = books((0, "a", FIRST, 1), (0, "b", LATER, 2))
    assert outcomes(rows) == {0: "stands", 1: "stands"}


@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from("ab"), st.sampled_from([None, FIRST, LATER]), st.integers(0, 2)),
        max_size=8,
    )
)
def test_each_row_stands_or_has_one_outcome_and_one_row_of_a_person_stands_at_most(rows):
    found = outcomes(books(*rows), 1)
    assert sorted(found) == list(range(len(rows)))
    standing = [rows[number][1] for number, outcome in found.items() if outcome == "stands"]
    assert len(standing) == len(set(standing))


def branches(*rows: tuple[str, str]) -> pa.Table:
    return pa.table(
        {
            "row_id": pa.array(range(len(rows)), pa.int64()),
            "source_id": pa.array([0] * len(rows), pa.int64()),
            "branch_code": [code for code, _ in rows],
            "branch_name": ["支行"] * len(rows),
            "township_code": [township for _, township in rows],
        }
    )


def test_two_rows_of_a_unique_key_stand_neither():
    settled = deduplicate(
        "branch", branches(("01", "659900100"), ("02", "659900100"), ("03", "659900101")), corrections()
    )
    assert settled.standing.column("branch_code").to_pylist() == ["03"]
    assert settled.outcomes.column("reason_code").to_pylist() == ["CONFLICTING_ROWS"] * 2


def test_equal_rows_of_a_unique_key_are_duplicates_and_no_conflict():
    settled = deduplicate("branch", branches(("01", "659900100"), ("01", "659900100")), corrections())
    assert settled.standing.num_rows == 1
    assert settled.outcomes.column("outcome").to_pylist() == ["duplicate"]


@pytest.mark.parametrize(("correcting", "stands"), [((1,), ["02"]), ((0, 1), []), ((), [])])
def test_of_a_unique_key_the_only_row_of_a_correction_stands(correcting: tuple[int, ...], stands: list[str]):
    rows = branches(("01", "659900100"), ("02", "659900100"))
    rows = rows.set_column(1, "source_id", pa.array([0, 1], pa.int64()))
    settled = deduplicate("branch", rows, corrections(*correcting))
    assert settled.standing.column("branch_code").to_pylist() == stands
    assert settled.outcomes.column("outcome").to_pylist() == (["superseded"] if stands else ["quarantined"] * 2)
