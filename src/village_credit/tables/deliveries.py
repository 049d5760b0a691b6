"""What is owed and what came: each table of the calendar by township, late, partial or whole, and what that cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from data_contracts.county_terms import CountyTerms, Due
from data_contracts.fields import Kind
from data_contracts.registry import field_specs, office_of
from village_credit.duckdb_session import query_cursor
from village_credit.intake import Intake
from village_credit.sql_files import sql

SCHEMA = pa.schema(
    [
        ("county_code", pa.string()),
        ("township_code", pa.string()),
        ("office", pa.string()),
        ("contract", pa.string()),
        ("state", pa.string()),
        ("is_needed", pa.bool_()),
        ("owed", pa.string()),
        ("newest", pa.string()),
        ("rows", pa.int64()),
        ("current_rows", pa.int64()),
        ("households", pa.int64()),
        ("households_without", pa.int64()),
        ("granted_without", pa.int64()),
        ("manual_review_without", pa.int64()),
        ("declined_without", pa.int64()),
        ("review_reasons_without", pa.list_(pa.string())),
    ]
)
_COUNTY = """
    SELECT count(*) AS rows, count(*) FILTER (is_current) AS current_rows, max(dated)::VARCHAR AS newest FROM dated"""
_TOWNSHIPS = sql("tables", "townships")
_WITHOUT = sql("tables", "without")
_ANTI = "ANTI JOIN (SELECT unit_code FROM found WHERE is_current) USING (unit_code)"
_NOBODY = {
    "households_without": 0,
    "granted_without": 0,
    "manual_review_without": 0,
    "declined_without": 0,
    "review_reasons_without": [],
}


@dataclass(frozen=True)
class _Line:
    """One contract of the calendar as of a day."""

    contract: str
    due: Due
    owed: str
    is_refused: bool


def delivery_states(intake: Intake, decisions: pa.Table, terms: CountyTerms, county_code: str, as_of: date) -> pa.Table:
    """Return a line per contract of the calendar and, where townships owe it, per township (SCHEMA).

    State: complete, partial, stale (all older than owed), missing, or rejected (delivered and refused whole).
    `*_without`: decisions on the households that have no current row of it; of a county's list, on all
    households where the list is missing, refused or stale.
    """
    connection = query_cursor()
    mask = "NOT is_trader_only"
    connection.register("households", intake.facts["households"])
    connection.register("links", intake.links)
    connection.register("decided", decisions)
    connection.execute(f"CREATE TEMP VIEW registered AS SELECT * FROM households WHERE {mask}")
    found: list[dict[str, Any]] = []
    for contract, due in terms.calendar.items():
        is_refused = any(s.contract == contract and s.rejected for s in intake.sources)
        line = _Line(contract, due, _owed(due, as_of), is_refused)
        connection.register("settled", intake.settled[contract])
        connection.execute("CREATE OR REPLACE TEMP VIEW dated AS " + _dated_query(line, as_of))
        townships = _townships(connection, line) if due.by_township else []
        found.append(_whole(connection, line, townships))
        found.extend(townships)
    common = {"county_code": county_code}
    return pa.Table.from_pylist([{**common, **row} for row in found], schema=SCHEMA)


def _owed(due: Due, as_of: date) -> str:
    """Say what the newest row must reach: a year, a day, or nothing."""
    if due.due is not None:
        return str(due.owed_year(as_of))
    return (as_of - timedelta(days=due.stale_after_days)).isoformat() if due.stale_after_days else ""


def _dated_query(line: _Line, as_of: date) -> str:
    """Return a contract's rows with their date or year, none later than the run's day, and whether they are current."""
    field = line.due.dated_by
    if field is None:
        return "SELECT row_id, NULL AS dated, true AS is_current FROM settled"
    kind = next(spec.kind for spec in field_specs(line.contract) if spec.name == field)
    latest = str(as_of.year) if kind is Kind.YEAR else f"DATE '{as_of.isoformat()}'"
    reached = line.owed if kind is Kind.YEAR else f"DATE '{line.owed}'"
    is_current = f"coalesce({field} >= {reached}, false)" if line.owed else "true"
    return sql("tables", "dated_query").format(field=field, latest=latest, is_current=is_current)


def _townships(connection: duckdb.DuckDBPyConnection, line: _Line) -> list[dict[str, Any]]:
    without = _WITHOUT.format(less=_ANTI, by="township_code")
    rows = connection.sql(_TOWNSHIPS.format(without=without)).to_arrow_table().to_pylist()
    owing = set(line.due.townships)
    found = []
    for row in rows:
        if owing and row["township_code"] not in owing:
            continue
        filled = {name: row[name] if row[name] is not None else empty for name, empty in _NOBODY.items()}
        share = 1 - filled["households_without"] / row["households"]
        state = _state(row, line)
        if state == "complete" and share < line.due.minimum_household_share:
            state = "partial"
        found.append(_told(line, {**row, **filled, "state": state}))
    return found


def _state(row: dict[str, Any], line: _Line) -> str:
    if not row["rows"]:
        return "rejected" if line.is_refused else "missing"
    return "complete" if row["current_rows"] else "stale"


def _whole(connection: duckdb.DuckDBPyConnection, line: _Line, townships: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the county's line of a contract."""
    (row,) = connection.sql(_COUNTY).to_arrow_table().to_pylist()
    ((households,),) = connection.execute("SELECT count(*) FROM registered").fetchall()
    state = _state(row, line)
    if state == "complete" and (line.is_refused or any(t["state"] != "complete" for t in townships)):
        state = "partial"
    cost: dict[str, Any] = dict(_NOBODY)
    if townships:
        counts = [name for name in _NOBODY if name != "review_reasons_without"]
        cost = {name: sum(township[name] for township in townships) for name in counts}
        reasons = {reason for township in townships for reason in township["review_reasons_without"]}
        cost["review_reasons_without"] = sorted(reasons)
    elif state not in ("complete", "partial"):
        query = _WITHOUT.format(less="", by="ALL").replace("SELECT township_code,", "SELECT")
        (cost,) = connection.sql(query).to_arrow_table().to_pylist() or (cost,)
        cost["review_reasons_without"] = cost["review_reasons_without"] or []
    return _told(line, {**row, **cost, "township_code": None, "households": households, "state": state})


def _told(line: _Line, row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "office": office_of(line.contract),
        "contract": line.contract,
        "is_needed": line.due.is_needed,
        "owed": line.owed or None,
    }
