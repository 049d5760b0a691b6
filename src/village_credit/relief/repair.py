"""Repaired arrears are unknown conduct, and repaired or aged listings count no more, where the policy says so."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from village_credit.duckdb_session import cursor_over
from village_credit.policy.sections import ArrearsRepair, RepairRules
from village_credit.sql_files import sql

MONTHS = pa.schema([("code", pa.string()), ("months", pa.int64())])
NOTED = pa.schema([("unit_code", pa.string()), ("code", pa.string())])


def repaired(facts: dict[str, pa.Table], rules: RepairRules, as_of: date) -> tuple[dict[str, pa.Table], pa.Table]:
    """Return facts as they count once what was repaired is out, and what to say of it (unit_code, code).

    Arrears that are owed today are never repaired; what nobody says the amount or the repayment of, neither.
    """
    arrears = rules.arrears if rules.arrears and rules.arrears.from_ <= as_of else None
    if arrears is None and not rules.listings and not rules.listing_months:
        return facts, NOTED.empty_table()
    values = _values(arrears, as_of, listings=rules.listings)
    months = [{"code": code, "months": count} for code, count in sorted(rules.listing_months.items())]
    connection = cursor_over(
        {
            "conducts": facts["conducts"],
            "negatives": facts["negatives"],
            "listing_months": pa.Table.from_pylist(months, schema=MONTHS),
        }
    )
    for statement in filter(str.strip, sql("relief", "repair").split(";\n")):
        connection.execute(statement, {k: v for k, v in values.items() if f"${k}" in statement})
    counted = {
        name: connection.sql(f"FROM {name}_left").to_arrow_table().cast(facts[name].schema)
        for name in ("conducts", "negatives")
    }
    return {**facts, **counted}, connection.sql("FROM repair_noted ORDER BY ALL").to_arrow_table().cast(NOTED)


def _values(arrears: ArrearsRepair | None, as_of: date, *, listings: bool) -> dict[str, Any]:
    """Return what the steps ask for by name; of no rule for arrears nothing, which no loan answers."""
    return {
        "as_of": as_of,
        "overdue_from": arrears and arrears.overdue_from,
        "overdue_to": arrears and arrears.overdue_to,
        "most_yuan": arrears and arrears.most_yuan,
        "cured_by": arrears and arrears.cured_by,
        "listings": listings,
    }
