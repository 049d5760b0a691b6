"""What the analysts' views read: a run's tables over all runs, what the ledger says, and the lines in force."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa

from village_credit.catalogue import no_rows, run_tables, without_rows
from village_credit.duckdb_session import query_cursor
from village_credit.ledger.balances import OWED
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.returned import SCHEMAS, sealed_paths
from village_credit.publish.ledger_facts import FACTS, ledger_facts
from village_credit.publish.referral_clocks import clocks_sql
from village_credit.sql_files import sql
from village_credit.store.runs import columns_hash
from village_credit.store.store import Store

INNER = '"inner".'
NOBODY_HELD = "(SELECT NULL::VARCHAR AS household_key, NULL::TIMESTAMPTZ AS since WHERE false)"
SPANS = (
    "months",
    "stood_by_month",
    "state_months",
    "stood_at_first",
    "branch_words_by_month",
    "held_by_month",
    "moved",
)
RETURNS = ("contracts_standing", "draws_standing", "places_of_moved", "owed_by_month")
# What of a line is asked for each month: all else would be carried as often
OF_A_LINE = "county_code, township_code, village_code, household_key, product, decision, limit_yuan, binding_term"
Sealed = dict[str, dict[str, Any]]  # a run's tables, as its manifest has them
Places = dict[str, str]  # a run's folder; of a hundred runs to ask the disk for each file costs more than the views


def inner_views(store: Store, ledger: Ledger, runs: list[str]) -> tuple[dict[str, str], bool]:
    """Write as SQL each table of the runs, over all runs that have it, and what the ledger says of them.

    The flag tells that whatever the runs have of today's tables has today's columns.
    """
    manifests = {run_id: store.manifest(run_id) for run_id in runs}
    sealed = {run_id: manifest["tables"] for run_id, manifest in manifests.items()}
    places = {run_id: str(store.run_folder(run_id).resolve()) for run_id in runs}
    facts = ledger_facts(store, ledger, manifests, _first_referral(places, sealed))
    files = {table: f"FROM {_of_today(places, sealed, table)}" for table in run_tables()}
    values = {name: _values(FACTS[name], list(rows)) for name, rows in facts.items()}
    are_of_today = all(_are_of_today(sealed, table) for table in run_tables())
    returned = {name: f"FROM {_returned(store, ledger, name)}" for name in SCHEMAS}
    return values | files | returned, are_of_today


def no_inner_views() -> dict[str, str]:
    """Write the same as it is before the first run: every column, no row."""
    tables = {name: f"FROM {no_rows(name)}" for name in run_tables()}
    returned = {name: f"FROM {_nothing_returned(name)}" for name in SCHEMAS}
    return {name: _values(columns, []) for name, columns in FACTS.items()} | tables | returned


def derived_views(made: set[str]) -> dict[str, str]:
    """Write the inner views that several of the analysts' read: the lines in force now, a year before, by month."""
    views = {
        "lines_in_force": _lines("in_force", f"{INNER}held"),
        "lines_year_before": _lines("in_force_year_before", NOBODY_HELD),
        "lines_superseded": sql("publish", "inner/lines_superseded"),
        **{name: sql("publish", f"inner/{name}") for name in SPANS},
        "lines_moved": _lines_by_month("IN"),
        "lines_still": _lines_by_month("NOT IN"),
        "owed": sql("publish", "inner/owed").format(owed=OWED),
        **{name: sql("publish", f"inner/{name}") for name in RETURNS},
        "lines_known": sql("publish", "inner/lines_known"),
        "lines_warned": sql("publish", "inner/lines_warned").format(warnings=sql("publish", "warnings")),
    }
    clocks = {"referrals_clocked": clocks_sql(INNER)} if "referrals" in made else {}
    figures = {name: sql("publish", f"inner/{name}") for name in ("village_months", "lines_told")}
    return views | clocks | figures


def _lines(publications: str, held: str) -> str:
    names = {
        "decisions": f"{INNER}decisions",
        "in_force": INNER + publications,
        "branch_limits": f"{INNER}branch_limits",
        "held": held,
    }
    return sql("ledger", "lines_in_force").format(each="", **names)


def _lines_by_month(moved: str) -> str:
    """Write the lines that stood at months' ends, by the one query of lines in force.

    Of households that were held or of which a branch set a limit (`IN`) at each month's end; of all others (`NOT IN`)
    at the first of those between which nothing of their county moves: few months, of very many lines.
    """
    moves = moved == "IN"
    asked = f"SELECT {OF_A_LINE}, reason_codes, run_id FROM {INNER}decisions"
    names = {
        "decisions": f"({asked} WHERE household_key {moved} (FROM {INNER}moved))",
        "in_force": INNER + ("stood_by_month" if moves else "stood_at_first"),
        "branch_limits": f"{INNER}branch_words_by_month",
        "held": f"{INNER}held_by_month",
    }
    return sql("ledger", "lines_in_force").format(each=", month", **names)


def _are_of_today(sealed: Sealed, table: str) -> bool:
    """Tell whether each run that has a table has it with today's columns; one that is older than the table has none."""
    shapes = {tables[table].get("columns") for tables in sealed.values() if table in tables}
    return shapes <= {_shape_of_today(table)}


def _of_today(places: Places, sealed: Sealed, table: str) -> str:
    """Name a table's files; where a run is older than a column, or all are older than the table, with today's columns.

    These stand beside the files.
    """
    files = _files(places, sealed, table)
    is_enough = files and _are_of_today(sealed, table)
    return files if is_enough else _union([*filter(None, [files]), no_rows(table)])


@cache
def _shape_of_today(table: str) -> str:
    schema = run_tables()[table].schema().append(pa.field("run_id", pa.string()))
    return columns_hash(schema)


def _files(places: Places, sealed: Sealed, table: str) -> str:
    """Name a table's files with absolute paths; empty where no run has the table.

    Files of one shape are read as one list, whose first tells the columns of all: opening every run's every file would
    cost each act more than it does. Files without a row are left out where others have some.
    """
    shapes: dict[str, list[tuple[int, str]]] = {}
    for run_id, tables in sealed.items():
        if said := tables.get(table):
            path = quoted(f"{places[run_id]}/{table}.parquet")
            shapes.setdefault(said.get("columns", run_id), []).append((said["rows"], path))
    kept = [[path for rows, path in files if rows] or [files[0][1]] for files in shapes.values()]
    return _union([f"read_parquet([{', '.join(paths)}], hive_partitioning = false)" for paths in kept])


def _union(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"({' UNION ALL BY NAME '.join('FROM ' + part for part in parts)})"


def _returned(store: Store, ledger: Ledger, name: str) -> str:
    """Name the sealed files of a table of what came back, with today's columns and the file of each row."""
    paths = ", ".join(quoted(str(path.resolve())) for path in sealed_paths(store, ledger, name))
    none = _nothing_returned(name)
    if not paths:
        return none
    given = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false, filename = true)"
    return f"(FROM {given} UNION ALL BY NAME FROM {none})"


def _nothing_returned(name: str) -> str:
    return without_rows(SCHEMAS[name].append(pa.field("filename", pa.string())))


def quoted(value: Any) -> str:
    """Write a value as a SQL literal: these are our own ids and times, and views cannot bind parameters."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "[" + ", ".join(quoted(item) for item in value) + "]::VARCHAR[]"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _values(columns: dict[str, str], rows: list[tuple[Any, ...]]) -> str:
    """Write facts of the ledger as SQL; typed, also when there are none."""
    typed = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in columns.items())
    body = ", ".join("(" + ", ".join(quoted(value) for value in row) + ")" for row in rows or [(None,) * len(columns)])
    where = "" if rows else " WHERE false"
    return f"SELECT {typed} FROM (VALUES {body}) AS v({', '.join(columns)}){where}"


def _first_referral(places: Places, sealed: Sealed) -> date | None:
    """Return the day of the first referral in any run."""
    files = _files(places, sealed, "referrals")
    found = query_cursor().execute(f"SELECT min(referred_on) FROM {files}").fetchall() if files else []
    return found[0][0] if found else None
