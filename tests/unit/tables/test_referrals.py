"""Two clocks on the working days of mainland China: holidays and shifted weekends count as they were announced."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from village_credit.china_calendar import FIRST_YEAR, day_in_china, last_year, working_calendar
from village_credit.pseudonyms import Keys
from village_credit.publish.referral_clocks import calendar_since, clocks_sql
from village_credit.tables.referrals import batch_label

KEYS = Keys(b"p" * 32, b"v" * 32, b"f" * 32, b"s" * 32)
KEY = "h" + "a" * 26
FRIDAY = date(2026, 11, 20)


def clocked(
    referred_on: date, published_on: date | None = None, drawn_on: date | None = None, **changes: Any
) -> dict[str, Any]:
    """One referral's clocks: granted by the only run, published on a day."""
    row = {
        "run_id": "r1",
        "household_key": KEY,
        "county_code": "659900",
        "referral_batch": "2026-11",
        "referred_on": referred_on,
        "applied_yuan": 50_000,
        "decision": "granted",
        "limit_yuan": 30_000,
        "decision_days": 3,
        "draw_days": 3,
        **changes,
    }
    days = [{"day": day, "working_days": count} for day, count in calendar_since(referred_on)]
    connection = duckdb.connect()
    tables = {
        "referrals": pa.Table.from_pylist([row]),
        "publications": _table(
            "run_id VARCHAR, product VARCHAR, published_on DATE", [("r1", None, published_on)] if published_on else []
        ),
        "draws": _table(
            "household_key VARCHAR, product VARCHAR, drawn_on DATE",
            [(KEY, "trader_loan", drawn_on)] if drawn_on else [],
        ),
        "branch_limits": _table(
            (
                "run_id VARCHAR, household_key VARCHAR, product VARCHAR, branch_limit_yuan BIGINT, "
                "branch_limit_on DATE, is_last BOOLEAN"
            ),
            [],
        ),
        "working_calendar": pa.Table.from_pylist(
            days, schema=pa.schema([("day", pa.date32()), ("working_days", pa.int32())])
        ),
    }
    for name, table in tables.items():
        connection.register(name, table)
    (found,) = connection.sql(clocks_sql()).to_arrow_table().to_pylist()
    return found


def _table(columns: str, rows: list[tuple]) -> pa.Table:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE t ({columns})")
    if rows:
        connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(rows[0]))})", rows)
    return connection.sql("FROM t").to_arrow_table()


@pytest.mark.parametrize(
    ("referred_on", "decided_on", "days", "state"),
    [
        (FRIDAY, FRIDAY, 0, "same_day"),
        (FRIDAY, date(2026, 11, 22), 0, "in_time"),  # Sunday: the day itself is over
        (FRIDAY, date(2026, 11, 23), 1, "in_time"),
        (FRIDAY, date(2026, 11, 25), 3, "in_time"),
        (FRIDAY, date(2026, 11, 26), 4, "late"),
        (date(2026, 9, 30), date(2026, 10, 8), 1, "in_time"),  # the October holiday
        (date(2026, 10, 9), date(2026, 10, 12), 2, "in_time"),  # Saturday the 10th was a working day
        (date(2025, 12, 31), date(2026, 1, 5), 2, "in_time"),  # New Year, and Sunday the 4th worked
        (date(2026, 11, 21), date(2026, 11, 24), 2, "in_time"),  # referred on a Saturday
    ],
)
def test_working_days_are_counted_as_announced(referred_on, decided_on, days, state):
    found = clocked(referred_on, decided_on)
    assert (found["decision_working_days"], found["decision_clock"]) == (days, state)


def test_the_first_draw_has_a_clock_of_its_own_from_the_referral():
    found = clocked(FRIDAY, FRIDAY, date(2026, 11, 26))
    assert (found["decision_clock"], found["draw_clock"], found["draw_working_days"]) == ("same_day", "late", 4)
    assert (found["decision_due_on"], found["draw_due_on"]) == (date(2026, 11, 25), date(2026, 11, 25))


def test_a_draw_before_the_referral_is_none_of_it():
    assert clocked(FRIDAY, FRIDAY, date(2026, 11, 19))["draw_clock"] == "open"


@pytest.mark.parametrize(
    ("decision", "decided", "draw"),
    [("declined", "same_day", "none"), ("manual_review", "open", "none"), ("granted", "same_day", "open")],
)
def test_a_review_decides_nothing_and_a_draw_is_owed_to_the_granted_only(decision, decided, draw):
    found = clocked(FRIDAY, FRIDAY, decision=decision)
    assert (found["decision_clock"], found["draw_clock"]) == (decided, draw)


def test_what_is_not_published_is_open():
    assert clocked(FRIDAY)["decision_clock"] == "open"


@pytest.mark.parametrize(
    ("referred_on", "decided_on", "changes", "why"),
    [
        (date(last_year() + 1, 1, 5), date(last_year() + 1, 1, 6), {}, "only"),
        (date(last_year(), 12, 31), None, {}, "only"),  # open, and its last day would be in a year not announced
        (date(last_year(), 12, 31), date(last_year() + 1, 1, 4), {}, "only"),
        (FRIDAY, date(2026, 11, 19), {}, "before it was referred"),
        (FRIDAY, FRIDAY, {"decision_days": None}, "names no days"),
    ],
)
def test_what_cannot_be_known_is_not_guessed_and_says_why(referred_on, decided_on, changes, why):
    found = clocked(referred_on, decided_on, **changes)
    assert found["decision_clock"] == "not_known"
    assert why in found["clock_note"]


def test_the_calendar_ends_with_the_last_year_that_was_announced_whole():
    assert FIRST_YEAR <= 2024 <= last_year()
    days = working_calendar(last_year())
    assert (days[0][0], days[-1][0]) == (date(last_year(), 1, 1), date(last_year(), 12, 31))
    assert 240 < days[-1][1] < 260
    assert calendar_since(None) == []


def test_a_ledger_s_evening_is_the_next_day_in_china():
    assert day_in_china("2026-11-20T15:59:59+00:00") == FRIDAY
    assert day_in_china("2026-11-20T16:00:00+00:00") == date(2026, 11, 21)


@pytest.mark.parametrize("text", ["2026-10", "2026年第三批", "第12批（10月）", "20261101-2"])
def test_a_label_of_numbers_dates_and_counting_words_is_kept(text):
    assert batch_label(text, KEYS) == text


@pytest.mark.parametrize(
    "text", ["王小明专批", "Wang", "13999112233", "659900198001010022", "2026-10 王", "139 9911 2233 李"]
)
def test_a_label_that_might_name_somebody_is_hashed(text):
    hashed = batch_label(text, KEYS)
    assert hashed.startswith("k")
    assert text not in hashed
    assert hashed == batch_label(text, KEYS)
