"""A household's stored rows become everything behind its decision: inputs, points, terms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.catalogue import filled
from village_credit.duckdb_session import query_cursor
from village_credit.sql_files import sql

INPUTS = sql("report", "household_inputs")
LINK = ("stage", "pass", "agreement", "score", "margin", "rules_version", "roster_file", "roster_line")


def explain_rows(run: Path, household_key: str, linked_rows: pa.Table | None) -> dict[str, Any]:
    """Gather a household's rows from a sealed run: decision, waterfall, points, inputs by office, file and line.

    `linked_rows`: what the vault keeps of the run's lines; None where it has them no longer.
    """
    rows = _Household(query_cursor(), run, household_key)
    return {
        "decision": rows.first("decisions", "product"),
        "waterfall": rows.first("waterfall", "product"),
        "crops": rows.all("crop_terms", "crop"),
        "points": rows.all("score_points", "rank"),
        "inputs": _inputs(rows, linked_rows),
        "relief": rows.all("relief", "starts_on, document"),
        "relief_kept": rows.first("relief_kept", "product"),
        "relief_measures": rows.all("relief_measures", "document, measure, due_on"),
        "conditions": rows.all("conditions", "due_on"),
        "lineage": rows.all("lineage", "since, from_key"),
    }


@dataclass(frozen=True)
class _Household:
    """A household's rows in the tables of a sealed run."""

    connection: duckdb.DuckDBPyConnection
    run: Path
    household_key: str

    def all(self, table: str, order: str) -> list[dict[str, Any]]:
        """Return the rows of a table in an order; none where the run is older than the table."""
        path = self.run / f"{table}.parquet"
        if not path.is_file():
            return []
        query = (
            f"SELECT * FROM read_parquet($path, hive_partitioning = false) WHERE household_key = $key ORDER BY {order}"
        )
        values = {"path": str(path), "key": self.household_key}
        found: list[dict[str, Any]] = self.connection.sql(query, params=values).to_arrow_table().to_pylist()
        return filled(table, found)

    def first(self, table: str, order: str) -> dict[str, Any] | None:
        """Return the first row of a table, where there is one."""
        return next(iter(self.all(table, order)), None)


def _inputs(rows: _Household, linked_rows: pa.Table | None) -> list[dict[str, Any]] | None:
    """Return the accepted lines, each with how it was linked; None where nobody knows them any more."""
    if linked_rows is None:
        return _of_older_run(rows)
    rows.connection.register("linked_rows", linked_rows)
    found: list[dict[str, Any]] = (
        rows.connection.sql(INPUTS, params={"key": rows.household_key}).to_arrow_table().to_pylist()
    )
    return found


def _of_older_run(rows: _Household) -> list[dict[str, Any]] | None:
    """Return the same of a run that older code sealed: its tables name lines and households side by side."""
    lines_of = rows.run / "reconciliation.parquet"
    if "household_key" not in pq.read_schema(lines_of).names:
        return None
    links = {_place(row): row for row in rows.all("links", "line_number")}
    lines = rows.all("reconciliation", "office, file_name, sheet, line_number")
    return [line | _linked(links.get(_place(line), {})) for line in lines if line["outcome"] == "accepted"]


def _place(row: dict[str, Any]) -> tuple[str, str, int]:
    return row["file_name"], row["sheet"], row["line_number"]


def _linked(link: dict[str, Any]) -> dict[str, Any]:
    return {"link": link.get("status"), **{name: link.get(name) for name in LINK}}
