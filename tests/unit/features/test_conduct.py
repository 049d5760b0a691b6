"""Conduct as a feature: proven relief is unknown conduct, neither good nor bad, and no other day is seen."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa
import pytest

from village_credit.sql_files import sql

DAY = date(2026, 11, 1)


def worst(**changes: object) -> float | None:
    loan = {
        "unit_code": "u1",
        "max_days_overdue": 120,
        "is_relief": None,
        "relief_proof": None,
        "opened_on": date(2025, 1, 1),
        "cutoff_on": date(2026, 10, 1),
        "link_status": "automatic",
    }
    schema = pa.schema(
        [
            ("unit_code", pa.string()),
            ("max_days_overdue", pa.int64()),
            ("is_relief", pa.bool_()),
            ("relief_proof", pa.string()),
            ("opened_on", pa.date32()),
            ("cutoff_on", pa.date32()),
            ("link_status", pa.string()),
        ]
    )
    connection = duckdb.connect()
    connection.register("households", pa.table({"unit_code": ["u1"]}))
    connection.register("conducts", pa.Table.from_pylist([{**loan, **changes}], schema=schema))
    exposures = pa.schema([("unit_code", pa.string()), ("balance_yuan", pa.float64()), ("link_status", pa.string())])
    connection.register("exposures", exposures.empty_table())
    (row,) = connection.sql(sql("features", "conduct"), params={"as_of": DAY}).to_arrow_table().to_pylist()
    return row["worst_days_overdue"]


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({}, 120),
        ({"is_relief": True, "relief_proof": "No. 7"}, None),
        ({"is_relief": True}, 120),
        ({"relief_proof": "No. 7"}, 120),
        ({"cutoff_on": date(2026, 11, 2)}, None),
        ({"opened_on": date(2026, 11, 2)}, None),
        ({"cutoff_on": date(2021, 11, 1)}, None),
        ({"link_status": "provisional"}, None),
    ],
)
def test_proven_relief_is_unknown_and_nothing_after_the_day_is_seen(changes, days):
    assert worst(**changes) == days
