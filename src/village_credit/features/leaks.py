"""Features must not see past their day: rows dated after it are altered, and nothing may change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pyarrow as pa

from village_credit import catalogue
from village_credit.duckdb_session import query_cursor

# fact → when a row was known: a condition that is true of rows dated after `as_of`
LATER = {name: table.known_later for name, table in catalogue.facts().items() if table.known_later}
NUMBERS = ("DECIMAL", "DOUBLE", "BIGINT", "INTEGER", "HUGEINT", "SMALLINT")
KEPT = ("year",)  # what dates a row is not altered, else it would move before the day
Builder = Callable[[dict[str, pa.Table], date], pa.Table]


def altered_later(facts: dict[str, pa.Table], as_of: date) -> dict[str, pa.Table]:
    """Return the facts with every number in rows dated after `as_of` changed, and each such row once more."""
    return {name: _altered(table, LATER[name], as_of) if name in LATER else table for name, table in facts.items()}


def _altered(table: pa.Table, condition: str, as_of: date) -> pa.Table:
    connection = query_cursor()
    connection.register("t", table)
    kinds = dict(connection.execute("SELECT column_name, column_type FROM (DESCRIBE t)").fetchall())
    changed = [
        f"CAST(CASE WHEN {condition} THEN coalesce({name}, 0) + 7 ELSE {name} END AS {kind}) AS {name}"
        for name, kind in kinds.items()
        if kind.startswith(NUMBERS) and name not in KEPT
    ]
    replaced = f"* REPLACE ({', '.join(changed)})" if changed else "*"
    query = f"SELECT {replaced} FROM t UNION ALL SELECT {replaced} FROM t WHERE {condition}"
    found = connection.sql(query, params={"as_of": as_of}).to_arrow_table()
    return found.cast(table.schema)


def leaking_features(build: Builder, facts: dict[str, pa.Table], as_of: date) -> list[str]:
    """Name the features whose values change when rows dated after `as_of` change."""
    before, after = build(facts, as_of), build(altered_later(facts, as_of), as_of)
    return [name for name in before.column_names if not before.column(name).equals(after.column(name))]
