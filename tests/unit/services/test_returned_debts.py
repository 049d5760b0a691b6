"""What was drawn and repaid is told as the bank's conduct tells a loan, and labelled by the same rule."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from village_credit.duckdb_session import cursor_over
from village_credit.errors import UsageError
from village_credit.features.labels import label_households
from village_credit.services.modelling.came_back import DEBTS, CameBack, _added, _horizon_end, joined
from village_credit.services.modelling.observations import Observation

DAY, KNOWN_ON, ENDS = date(2025, 2, 1), date(2026, 10, 30), date(2026, 2, 1)
LAST = date(2026, 1, 10)  # of the line
YUAN = pa.decimal128(18, 2)
OWED = pa.schema([("household_key", pa.string()), ("product", pa.string()), ("day", pa.date32()), ("owed_yuan", YUAN)])


def debts(owed: list[tuple[date, int]], valid_to: date | None = LAST) -> pa.Table:
    line = {"household_key": "h", "product": "farmer_line"}
    rows = [line | {"day": day, "owed_yuan": yuan} for day, yuan in owed]
    granted = pa.table(
        {"household_key": ["h"], "product": ["farmer_line"], "valid_to": pa.array([valid_to], pa.date32())}
    )
    keys = pa.table({"household_key": ["h"], "unit_code": ["u"]})
    tables = {"owed": pa.Table.from_pylist(rows, OWED), "granted": granted, "keys": keys}
    return cursor_over(tables).sql(DEBTS, params={"known_on": KNOWN_ON}).to_arrow_table()


def outcome(owed: list[tuple[date, int]], valid_to: date | None = LAST) -> str:
    (row,) = label_households(pa.table({"unit_code": ["u"]}), debts(owed, valid_to), DAY).to_pylist()
    return str(row["outcome"])


def test_a_debt_is_from_the_first_draw_until_nothing_is_owed():
    moves = [(date(2025, 3, 1), 100), (date(2025, 4, 1), 150), (date(2025, 10, 1), 0), (date(2025, 11, 1), 0),
             (date(2026, 3, 1), 70)]  # fmt: skip
    found = debts(moves).to_pylist()
    assert [(row["opened_on"], row["settled_on"]) for row in found] == [
        (date(2025, 3, 1), date(2025, 10, 1)), (date(2026, 3, 1), None),
    ]  # fmt: skip
    assert [row["max_days_overdue"] for row in found] == [0, (KNOWN_ON - LAST).days]
    assert {row["cutoff_on"] for row in found} == {KNOWN_ON}


@pytest.mark.parametrize(
    ("owed", "valid_to", "told"),
    [
        ([], LAST, "never_drawn"),
        ([(date(2025, 3, 1), 100), (date(2025, 10, 1), 0)], LAST, "drawn_repaid"),
        ([(date(2025, 3, 1), 100), (LAST, 0)], LAST, "drawn_repaid"),
        ([(date(2025, 3, 1), 100), (LAST + timedelta(1), 0)], LAST, "late"),
        ([(date(2025, 3, 1), 100)], date(2029, 1, 1), "drawn_repaid"),  # not due within the year
        ([(date(2025, 3, 1), 100)], None, "drawn_repaid"),  # of no line nothing is past due
        ([(date(2025, 3, 1), 100)], date(2025, 10, 1), "overdue"),
        ([(date(2025, 3, 1), 100), (date(2026, 4, 1), 0)], date(2025, 10, 1), "overdue"),
        ([(date(2025, 3, 1), 100)], ENDS - timedelta(91), "late"),  # the 92nd day past due lies beyond the year
        ([(date(2024, 3, 1), 100), (date(2024, 10, 1), 0)], LAST, "never_drawn"),  # before the day
        ([(date(2026, 3, 1), 100)], LAST, "never_drawn"),  # after the year
    ],
)
def test_what_came_of_a_line_within_a_year(owed: list[tuple[date, int]], valid_to: date | None, told: str):
    assert outcome(owed, valid_to) == told


@pytest.mark.parametrize(
    ("day", "ends"), [(DAY, ENDS), (date(2024, 2, 29), date(2025, 2, 28)), (date(2023, 2, 28), date(2024, 2, 28))]
)
def test_the_year_ends_where_labels_have_it(day: date, ends: date):
    assert _horizon_end(day) == ends
    query = "SELECT CAST($day::DATE + to_months(12) AS DATE)"
    assert cursor_over({}).execute(query, {"day": day}).fetchall() == [(ends,)]


def observed(day: date, county: str = "659900") -> Any:
    none: Any = None
    return Observation(day, county, none, none, none, [])


def test_histories_and_published_runs_are_one_sample_by_day_and_the_same_day_counts_once():
    came_back = CameBack([observed(ENDS)], ["r1"], [], {})
    assert [one.day for one in joined([observed(KNOWN_ON), observed(DAY)], came_back)] == [DAY, ENDS, KNOWN_ON]
    with pytest.raises(UsageError, match="county 659900 as of 2026-02-01 is in --history and among the published runs"):
        joined([observed(ENDS)], came_back)
    assert joined([observed(DAY)], None) == joined([], CameBack([observed(DAY)], ["r1"], [], {}))


def test_how_far_households_came_adds_up_over_runs_and_hides_the_few():
    counts = {"A": (40, 90), "B": (31, 3), "C": (99, 98)}
    rows = [
        {"band": band, "reached": stage, "households": count, "with_outcome": 0, "bads": 0}
        for band, both in counts.items()
        for stage, count in zip(("drawn", "not_drawn"), both, strict=True)
    ]
    more = [{**rows[0], "with_outcome": 39, "bads": 2}]
    found = {(row["band"], row["reached"]): row for row in _added([*rows, *more])}
    assert found["C", "drawn"] == {"band": "C", "reached": "drawn", "households": 99, "with_outcome": 0, "bads": 0}
    assert found["C", "not_drawn"]["with_outcome"] is None  # of who did not draw nobody knows
    assert found["B", "not_drawn"]["households"] is None
    assert sum(row["households"] is None for row in found.values()) >= 4
    told = _added([*rows[:2], *rows[4:], *more])
    assert told[0] == {"band": "A", "reached": "not_drawn", "households": 90, "with_outcome": None, "bads": None}
    assert told[1] == {"band": "A", "reached": "drawn", "households": 80, "with_outcome": 39, "bads": 2}
