"""A warehouse in memory of a few rows: what a run and the ledger say, given by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa

from village_credit import duckdb_session
from village_credit.publish import warehouse
from village_credit.publish.inner_views import no_inner_views

Rows = list[dict[str, Any]]
COUNTY, VILLAGE, PRODUCT = "659900", "659900100201", "farmer_line"
FOREVER = {"until_on": None}


def warehouse_of(last_day: date, **given: Rows) -> duckdb.DuckDBPyConnection:
    """Every view over the given rows of inner tables; what is not given has none, and a column not given is null."""
    connection, inner = duckdb_session.connect(), no_inner_views()
    connection.execute('CREATE SCHEMA "inner"')
    for name, rows in {"last_day": [{"day": last_day}], **given}.items():
        if rows:
            connection.register("rows", pa.Table.from_pylist(rows))
            connection.execute(f'CREATE TABLE "inner".given_{name} AS FROM rows')
            connection.unregister("rows")
            inner[name] = f'{inner[name]} UNION ALL BY NAME FROM "inner".given_{name}'
    warehouse._create(connection, inner, with_views=True)
    return connection


def published(on: date, run_id: str = "r1", county: str = COUNTY, **changes: Any) -> dict[str, Rows]:
    """One publication of a whole county that has stood since a day, with its village."""
    number = changes.get("number", 1)
    at = datetime(on.year, on.month, on.day, 4, tzinfo=UTC)
    one = {"publication_id": f"p{number}", "run_id": run_id, "county_code": county, "product": None, "published_at": at}
    span = {"from_on": on, "until_on": changes.get("until_on")}
    place = {"level": "village", "place_code": f"{county}100201", "within_code": f"{county}100", "run_id": run_id}
    return {
        "stood": [{**one, "place": number, **span}],
        "in_force": [] if span["until_on"] else [{**one, "place": 0}],
        "publications": [{**one, "number": number, "published_on": on, "expires_on": on}],
        "places": [place],
    }


def line(key: str, limit: int, run_id: str = "r1", **changes: Any) -> dict[str, Any]:
    """A decision: granted where there is a limit."""
    return {
        "county_code": COUNTY,
        "township_code": VILLAGE[:9],
        "village_code": VILLAGE,
        "household_key": key,
        "product": PRODUCT,
        "decision": "granted" if limit else "declined",
        "limit_yuan": limit,
        "reason_codes": [],
        "run_id": run_id,
        **changes,
    }


def drawn(key: str, yuan: int, on: date, purpose: str | None = "seed") -> dict[str, Any]:
    """A draw under a contract of the household's own."""
    told = {"contract_key": f"c{key}", "household_key": key, "product": PRODUCT, "amount_yuan": yuan}
    return told | {"drawn_on": on, "purpose": purpose}


def merged(*parts: dict[str, Rows]) -> dict[str, Rows]:
    """Tables of several publications as one."""
    found: dict[str, Rows] = {}
    for part in parts:
        for name, rows in part.items():
            found[name] = found.get(name, []) + rows
    return found
