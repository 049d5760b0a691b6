"""Runs and ledger become `warehouse.duckdb`: views only, built beside the old one and moved over it."""

from __future__ import annotations

import logging
import secrets
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from village_credit import duckdb_session
from village_credit.catalogue import no_rows, run_tables
from village_credit.code_version import FORMATS, code_sha256
from village_credit.duckdb_session import query_cursor
from village_credit.ledger.ledger import STAGE, Ledger
from village_credit.ledger.log import head
from village_credit.ledger.returned import sealed_paths
from village_credit.publish.ledger_facts import FACTS, Rows, ledger_facts
from village_credit.publish.referral_clocks import clocks_sql
from village_credit.publish.views import column_comment, tables_read, view_comment, view_names, view_sql
from village_credit.sql_files import sql
from village_credit.store.runs import columns_hash
from village_credit.store.store import Store

FOR_CLIENTS_OF_1X: dict[str, str | bool | int | float | list[str]] = {
    "storage_compatibility_version": "v1.0.0"
}  # else no DuckDB 1.x opens the file
LOG, FILE = logging.getLogger(__name__), "warehouse.duckdb"
BUILT = ("runs", "gates")
NO_DRAWS = "(SELECT NULL::VARCHAR AS household_key, NULL::VARCHAR AS product, NULL::DATE AS drawn_on WHERE false)"
NOBODY_HELD = "(SELECT NULL::VARCHAR AS household_key, NULL::TIMESTAMPTZ AS since WHERE false)"
INNER = '"inner".'


def build_warehouse(store: Store) -> Path | None:
    """Build the warehouse from what is sealed and published; None while there is no run, or where it cannot be written.

    It is derived from runs and ledger and no act hangs on it: what fails here is told, and the next command tries
    again.
    """
    try:
        return _built(store)
    except (OSError, duckdb.IOException) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        LOG.warning("the analysts' views are not up to date: %s (%s); the next command tries again", FILE, why)
        return None


def _built(store: Store) -> Path | None:
    """Make the file beside its place and put it there, whoever has the old one open.

    The analysts' views stand in the main schema; what they read (the runs' tables and what the ledger says) in `inner`.
    """
    ledger = Ledger.of(store)
    staged = {entry.run_id for entry in ledger if entry.act == STAGE}
    runs = [run_id for run_id in store.run_ids() if run_id in staged]
    if not runs:
        return None
    beside = store.root / f".warehouse.{secrets.token_hex(4)}.duckdb"
    try:
        _fill(beside, store, ledger, runs)
        _log_of(store.warehouse).unlink(missing_ok=True)  # of the old file: over the new one it would be replayed
        beside.replace(store.warehouse)
    finally:
        beside.unlink(missing_ok=True)
        _log_of(beside).unlink(missing_ok=True)
    return store.warehouse


def _fill(beside: Path, store: Store, ledger: Ledger, runs: list[str]) -> None:
    connection = duckdb_session.connect(str(beside), config=FOR_CLIENTS_OF_1X)
    try:
        connection.begin()  # hundreds of comments: one commit, not one each
        connection.execute('CREATE SCHEMA "inner"')
        _create_values(connection, ledger_facts(store, ledger, runs, _first_referral(store, runs)))
        _create_views(connection, _create_tables(connection, store, ledger, runs))
        _comment_all(connection, _made_of(store))
        connection.commit()
    finally:
        connection.close()


def _log_of(database: Path) -> Path:
    """Return where DuckDB keeps what a client wrote and has not yet put into the file."""
    return database.with_name(f"{database.name}.wal")


def _made_of(store: Store) -> str:
    return f"ledger head {head(store.ledger_folder)}; code {code_sha256()[:12]}; format {FORMATS['warehouse']}"


def is_current(store: Store) -> bool:
    """Tell whether the warehouse was built by this code, from the ledger's last entry, and lies where it was built.

    One that cannot be opened, or that a client has written to, is not: whatever it is, it is built anew.
    """
    if not store.warehouse.is_file() or _log_of(store.warehouse).exists():
        return False
    try:
        found = _read_built(store.warehouse)
    except duckdb.Error:
        return False
    told = {name: (comment, text) for name, comment, text in found}
    return (
        len(told) == len(BUILT)
        and _made_of(store) in str(told["runs"][0])
        and _quoted(f"{store.root.resolve()}/runs/")[1:-1] in str(told["gates"][1])
    )


def _read_built(database: Path) -> list[tuple[Any, ...]]:
    connection = duckdb_session.connect(str(database), read_only=True)
    try:
        return connection.execute(sql("publish", "warehouse_built")).fetchall()
    finally:
        connection.close()


def _create_tables(connection: duckdb.DuckDBPyConnection, store: Store, ledger: Ledger, runs: list[str]) -> set[str]:
    """Make an inner view of each table of the runs, over all runs that have it.

    Return the inner relations there are.
    """
    sealed = {run_id: store.manifest(run_id)["tables"] for run_id in runs}
    files = {table: _of_today(store, sealed, table) for table in run_tables()} | {"draws": _draws(store, ledger)}
    for table in sorted(files):
        connection.execute(f"CREATE VIEW {INNER}{table} AS FROM {files[table]}")
    return {*files, *FACTS}


def empty_warehouse() -> duckdb.DuckDBPyConnection:
    """Return a warehouse in memory as it is before the first run: every view, no row.

    What its columns are can be asked.
    """
    connection = duckdb_session.connect()
    connection.execute('CREATE SCHEMA "inner"')
    _create_values(connection, dict.fromkeys(FACTS, ()))
    for name, declared in run_tables().items():
        connection.register("given", declared.schema().append(pa.field("run_id", pa.string())).empty_table())
        connection.execute(f"CREATE TABLE {INNER}{name} AS FROM given")
        connection.unregister("given")
    connection.execute(f"CREATE VIEW {INNER}draws AS FROM {NO_DRAWS}")
    _create_views(connection, {*run_tables(), *FACTS, "draws"})
    return connection


def _create_views(connection: duckdb.DuckDBPyConnection, made: set[str]) -> None:
    """Make the analysts' views whose inner relations there are; a run may have been sealed before there was a table."""
    _create_derived(connection, made)
    for name in view_names():
        if made.issuperset(tables_read(name)):
            connection.execute(f"CREATE VIEW {name} AS {view_sql(name)}")


def _create_derived(connection: duckdb.DuckDBPyConnection, made: set[str]) -> None:
    """Make the inner views that several of the analysts' read: the lines in force, now and a year before."""
    lines = {"lines_in_force": "in_force", "lines_year_before": "in_force_year_before"}
    for name, publications in lines.items():
        names = {
            "decisions": f"{INNER}decisions",
            "in_force": INNER + publications,
            "branch_limits": f"{INNER}branch_limits",
            "held": f"{INNER}held" if name == "lines_in_force" else NOBODY_HELD,
        }
        connection.execute(f"CREATE VIEW {INNER}{name} AS {sql('ledger', 'lines_in_force').format(**names)}")
    connection.execute(f"CREATE VIEW {INNER}lines_superseded AS {sql('publish', 'inner/lines_superseded')}")
    made.update({*lines, "lines_superseded"})
    if "referrals" in made:
        connection.execute(f"CREATE VIEW {INNER}referrals_clocked AS {clocks_sql(INNER)}")
        made.add("referrals_clocked")


def _of_today(store: Store, sealed: dict[str, dict[str, Any]], table: str) -> str:
    """Name a table's files; where a run is older than the table or than a column, with today's columns beside them."""
    shapes = {tables[table].get("columns") if table in tables else None for tables in sealed.values()}
    files = _files(store, sealed, table)
    if len(shapes) == 1 and None not in shapes and shapes == {_shape_of_today(table)}:
        return files
    return _union([*filter(None, [files]), no_rows(table)])


def _shape_of_today(table: str) -> str:
    schema = run_tables()[table].schema().append(pa.field("run_id", pa.string()))
    return columns_hash(schema)


def _files(store: Store, sealed: dict[str, dict[str, Any]], table: str) -> str:
    """Name a table's files with absolute paths; empty where no run has the table.

    Files of one shape are read as one list, whose first tells the columns of all: opening every run's every file would
    cost each act more than it does. Files without a row are left out where others have some.
    """
    shapes: dict[str, list[tuple[int, str]]] = {}
    for run_id, tables in sealed.items():
        if said := tables.get(table):
            path = _quoted(str((store.run_folder(run_id) / f"{table}.parquet").resolve()))
            shapes.setdefault(said.get("columns", run_id), []).append((said["rows"], path))
    kept = [[path for rows, path in files if rows] or [files[0][1]] for files in shapes.values()]
    return _union([f"read_parquet([{', '.join(paths)}], hive_partitioning = false)" for paths in kept])


def _union(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"({' UNION ALL BY NAME '.join('FROM ' + part for part in parts)})"


def _draws(store: Store, ledger: Ledger) -> str:
    """Name the sealed draws' files; before the first there are none to read."""
    paths = ", ".join(_quoted(str(path.resolve())) for path in sealed_paths(store, ledger, "draws"))
    return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)" if paths else NO_DRAWS


def _quoted(value: Any) -> str:
    """Write a value as a SQL literal: these are our own ids and times, and views cannot bind parameters."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "[" + ", ".join(_quoted(item) for item in value) + "]::VARCHAR[]"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _comment_all(connection: duckdb.DuckDBPyConnection, made_of: str) -> None:
    """Say of every view of the analysts what it is, and of every column its unit.

    As one script, for there are hundreds.

    That of `runs` names the ledger's head and the code, by which `is_current` knows the warehouse.
    """
    columns = connection.execute(sql("publish", "warehouse_columns")).fetchall()
    views = {name: view_comment(name) for name in dict.fromkeys(name for name, _, _ in columns)}
    views["runs"] += f"; {made_of}"
    lines = [f"COMMENT ON VIEW {view} IS {_quoted(comment)};" for view, comment in views.items()]
    lines += [
        f'COMMENT ON COLUMN {view}."{column}" IS {_quoted(column_comment(view, column))};'
        for view, column, _ in columns
    ]
    connection.execute("\n".join(lines))


def _values_view(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list[tuple[Any, ...]]
) -> None:
    """Make a small macro-like view of ledger facts; typed, also when it has no rows."""
    typed = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in columns.items())
    body = ", ".join("(" + ", ".join(_quoted(value) for value in row) + ")" for row in rows or [(None,) * len(columns)])
    where = "" if rows else " WHERE false"
    connection.execute(
        f"CREATE VIEW {INNER}{name} AS SELECT {typed} FROM (VALUES {body}) AS v({', '.join(columns)}){where}"
    )


def _create_values(connection: duckdb.DuckDBPyConnection, facts: dict[str, Rows]) -> None:
    """Make the inner views of what the ledger says."""
    for name, rows in facts.items():
        _values_view(connection, name, FACTS[name], list(rows))


def _first_referral(store: Store, runs: list[str]) -> date | None:
    """Return the day of the first referral in any run."""
    files = _files(store, {run_id: store.manifest(run_id)["tables"] for run_id in runs}, "referrals")
    found = query_cursor().execute(f"SELECT min(referred_on) FROM {files}").fetchall() if files else []
    return found[0][0] if found else None
