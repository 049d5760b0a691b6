"""Outcomes of a year, as a credit officer would tell them; and features that may not see past their day."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pytest

from village_credit.features.labels import label_households
from village_credit.features.leaks import altered_later, leaking_features

DAY = date(2025, 11, 1)
END = date(2026, 11, 1)
LOAN = {
    "opened_on": date(2025, 12, 1),
    "max_days_overdue": 0,
    "overdue_since": None,
    "settled_on": None,
    "cutoff_on": END,
    "is_relief": False,
    "relief_proof": None,
}
SCHEMA = pa.schema(
    [
        ("unit_code", pa.string()),
        ("opened_on", pa.date32()),
        ("max_days_overdue", pa.int64()),
        ("overdue_since", pa.date32()),
        ("settled_on", pa.date32()),
        ("cutoff_on", pa.date32()),
        ("is_relief", pa.bool_()),
        ("relief_proof", pa.string()),
    ]
)


def outcome(*loans: dict[str, object]) -> tuple[str, bool | None]:
    table = pa.Table.from_pylist([{"unit_code": "u1", **LOAN, **loan} for loan in loans], schema=SCHEMA)
    (row,) = label_households(pa.table({"unit_code": ["u1"]}), table, DAY).to_pylist()
    return row["outcome"], row["is_bad"]


SINCE = {"max_days_overdue": 120}
CASES = [
    ("nothing drawn", [], ("never_drawn", None)),
    ("drawn and paid on time", [{}], ("drawn_repaid", False)),
    (
        "repaid before the day: not of this year",
        [{"opened_on": date(2025, 1, 5), "settled_on": DAY}],
        ("never_drawn", None),
    ),
    (
        "drawn after the year",
        [{"opened_on": END + timedelta(1), "cutoff_on": END + timedelta(90)}],
        ("never_drawn", None),
    ),
    ("90 days past due is late", [{"max_days_overdue": 90, "overdue_since": date(2026, 2, 1)}], ("late", False)),
    (
        "91 days past due within the year",
        [{"max_days_overdue": 91, "overdue_since": date(2026, 2, 1)}],
        ("overdue", True),
    ),
    ("the 91st day is the year's last", [SINCE | {"overdue_since": END - timedelta(91)}], ("overdue", True)),
    (
        "the 91st day is the day after the year",
        [SINCE | {"overdue_since": END - timedelta(90), "cutoff_on": END + timedelta(60)}],
        ("late", False),
    ),
    (
        "in default before the day",
        [SINCE | {"opened_on": date(2024, 1, 1), "overdue_since": DAY - timedelta(91)}],
        ("in_default_before", None),
    ),
    (
        "in default the day after",
        [SINCE | {"opened_on": date(2024, 1, 1), "overdue_since": DAY - timedelta(90)}],
        ("overdue", True),
    ),
    ("undated, ever, on a loan of 12 months", [SINCE | {"opened_on": date(2025, 11, 1)}], ("overdue", True)),
    ("undated on a loan a day younger", [SINCE | {"opened_on": date(2025, 11, 2)}], ("immature", None)),
    ("the file ends before the year", [{"cutoff_on": END - timedelta(1)}], ("immature", None)),
    (
        "the file ends early, but the default is in it",
        [SINCE | {"overdue_since": date(2026, 2, 1), "cutoff_on": date(2026, 6, 1)}],
        ("overdue", True),
    ),
    (
        "overdue with proof of relief",
        [SINCE | {"overdue_since": date(2026, 2, 1), "is_relief": True, "relief_proof": "No. 7"}],
        ("overdue_with_proof", False),
    ),
    (
        "a relief flag without proof is none",
        [SINCE | {"overdue_since": date(2026, 2, 1), "is_relief": True}],
        ("overdue", True),
    ),
    (
        "proof without the flag is none",
        [SINCE | {"overdue_since": date(2026, 2, 1), "relief_proof": "No. 7"}],
        ("overdue", True),
    ),
    ("extended with proof, paid on time", [{"is_relief": True, "relief_proof": "No. 7"}], ("relief_extended", False)),
    ("of two loans the gravest tells", [{}, SINCE | {"overdue_since": date(2026, 2, 1)}], ("overdue", True)),
    (
        "excused on one, in default on another",
        [SINCE | {"is_relief": True, "relief_proof": "x"}, SINCE | {"overdue_since": date(2026, 2, 1)}],
        ("overdue", True),
    ),
    (
        "in default before on one, late on another",
        [SINCE | {"opened_on": date(2024, 1, 1), "overdue_since": date(2025, 1, 1)}, {"max_days_overdue": 5}],
        ("in_default_before", None),
    ),
]


@pytest.mark.parametrize(("words", "loans", "expected"), CASES, ids=[case[0] for case in CASES])
def test_outcome_of_the_year(words, loans, expected):
    assert outcome(*loans) == expected


BOOKS = pa.table(
    {
        "unit_code": ["u1", "u1", "u2"],
        "year": pa.array([2024, 2025, 2024], pa.int64()),
        "trade_income_yuan": pa.array([1.0, 2.0, 3.0]),
    }
)
FACTS = {"books": BOOKS, "households": pa.table({"unit_code": ["u1", "u2"]})}


def honest(facts, as_of):
    connection = duckdb.connect()
    connection.register("books", facts["books"])
    return connection.sql(
        (
            "SELECT unit_code, sum(trade_income_yuan) AS income FROM books WHERE year < year($day::DATE) "
            "GROUP BY 1 ORDER BY 1"
        ),
        params={"day": as_of},
    ).to_arrow_table()


def planted(facts, as_of):
    connection = duckdb.connect()
    connection.register("books", facts["books"])
    return connection.sql(
        "SELECT unit_code, sum(trade_income_yuan) AS income FROM books GROUP BY 1 ORDER BY 1"
    ).to_arrow_table()


def test_a_planted_leak_is_caught_and_an_honest_feature_is_not():
    assert leaking_features(honest, FACTS, DAY) == []
    assert leaking_features(planted, FACTS, DAY) == ["income"]


def test_altering_changes_later_rows_only():
    changed = altered_later(FACTS, DAY)["books"].sort_by([("unit_code", "ascending"), ("year", "ascending")])
    assert changed.column("trade_income_yuan").to_pylist() == [1.0, 9.0, 9.0, 3.0]
    assert changed.column("year").to_pylist() == [2024, 2025, 2025, 2024]
