"""The conduct after an observation day becomes each household's outcome; proven relief is no default."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.sql_files import sql

DEFAULT_DAYS = 90
HORIZON_MONTHS = 12
OUTCOMES = (
    "never_drawn",
    "drawn_repaid",
    "late",
    "relief_extended",
    "overdue_with_proof",
    "overdue",
    "in_default_before",
    "immature",
)
GOOD = ("drawn_repaid", "late", "relief_extended", "overdue_with_proof")
BAD = ("overdue",)


def label_households(units: pa.Table, loans: pa.Table, as_of: date) -> pa.Table:
    """Return unit_code, outcome, and is_bad (null where the outcome teaches nothing), ordered by unit_code.

    `units`: unit_code of every registered household. `loans`: the bank's conduct delivered after the horizon, by
    unit_code, one row a loan (opened_on, max_days_overdue, overdue_since, settled_on, cutoff_on, is_relief,
    relief_proof). The meaning of each outcome stands in `sql/labels.sql`.
    """
    connection = query_cursor()
    connection.register("units", units)
    connection.register("loans", loans)
    query = sql("features", "labels")
    values = {"as_of": as_of, "days": DEFAULT_DAYS, "months": HORIZON_MONTHS, "good": list(GOOD), "bad": list(BAD)}
    return connection.sql(query, params=values).to_arrow_table()
