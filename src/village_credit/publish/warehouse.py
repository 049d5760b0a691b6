"""Runs and ledger become `warehouse.duckdb`: views only, built beside the old one and moved over it."""

from __future__ import annotations

import json
import secrets
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from village_credit.china_calendar import day_in_china
from village_credit.ledger.branch_limits import IN_FORCE as NOW
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.household_signatures import signed_rows
from village_credit.ledger.log import Entry, head, read_ledger
from village_credit.ledger.publications import Publication, in_force, publications
from village_credit.ledger.returned import sealed_paths
from village_credit.publish.referral_clocks import calendar_since
from village_credit.publish.views import VIEWS, comment_of
from village_credit.store.store import Store

RUN_TABLES = (
    "decisions",
    "waterfall",
    "score_points",
    "reconciliation",
    "links",
    "link_quality",
    "quarantine",
    "control_totals",
    "gates",
    "households",
    "places",
    "deliveries",
    "extract_checks",
    "corrections",
    "drift",
    "fairness",
    "referrals",
    "relief",
    "relief_kept",
    "relief_measures",
    "conditions",
    "renewals_due",
    "follow_up",
    "events",
    "authority",
)


def build_warehouse(store: Store) -> Path | None:
    """Build the warehouse from what is sealed and published; None while there is no run at all."""
    entries = read_ledger(store.root / "ledger")
    staged = {entry.run_id for entry in entries if entry.act == "stage"}
    runs = [run_id for run_id in store.run_ids() if run_id in staged]
    if not runs:
        return None
    beside = store.root / f".warehouse.{secrets.token_hex(4)}.duckdb"
    connection = duckdb.connect(str(beside))
    try:
        connection.begin()  # hundreds of comments: one commit, not one each
        _create_values(connection, store, entries, runs)
        sealed = {run_id: store.manifest(run_id)["tables"] for run_id in runs}
        places = {table: _files(store, sealed, table) for table in RUN_TABLES}
        places = {table: files for table, files in places.items() if files}
        places |= {"draws": _draws(store, entries), **{f"{name}_now": sql for name, sql in NOW.items()}}
        for name, (_, query) in VIEWS.items():
            if any(f"{{{table}}}" in query and table not in places for table in RUN_TABLES):
                continue  # every run was sealed before there was such a table
            sql = query.format(**places)
            connection.execute(f"CREATE VIEW {name} AS {sql}")
        _comment_all(connection, head(store.root / "ledger"))
        connection.commit()
    finally:
        connection.close()
    beside.replace(store.warehouse)
    return store.warehouse


def is_current(store: Store) -> bool:
    """Tell whether the warehouse was built from the ledger's last entry and lies where it was built."""
    if not store.warehouse.is_file():
        return False
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    try:
        found = connection.execute("SELECT comment, sql FROM duckdb_views() WHERE view_name = 'runs'").fetchall()
        paths = connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'gates'").fetchall()
    finally:
        connection.close()
    return (
        bool(found)
        and head(store.root / "ledger") in str(found[0][0])
        and str(store.root.resolve()) in str(paths[0][0])
    )


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
    return _union([f"read_parquet([{', '.join(paths)}])" for paths in kept])


def _union(parts: list[str]) -> str:
    return (
        parts[0]
        if len(parts) == 1
        else f"({' UNION ALL BY NAME '.join('FROM ' + part for part in parts)})"
        if parts
        else ""
    )


def _draws(store: Store, entries: list[Entry]) -> str:
    """Name the sealed draws' files; before the first there are none to read."""
    paths = ", ".join(_quoted(str(path.resolve())) for path in sealed_paths(store, entries, "draws"))
    columns = "CAST(NULL AS VARCHAR) AS household_key, CAST(NULL AS VARCHAR) AS product, CAST(NULL AS DATE) AS drawn_on"
    return f"read_parquet([{paths}])" if paths else f"(SELECT {columns} WHERE false)"


def _quoted(value: Any) -> str:
    """Write a value as a SQL literal: these are our own ids and times, and views cannot bind parameters."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "[" + ", ".join(_quoted(item) for item in value) + "]::VARCHAR[]"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _comment_all(connection: duckdb.DuckDBPyConnection, ledger_head: str) -> None:
    """Say of every view what it is, and of every column its unit; as one script, for there are hundreds.

    That of `runs` names the ledger's head, by which `is_current` knows the warehouse.
    """
    made = [
        name for (name,) in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    ]
    views = {name: VIEWS.get(name, ("What the ledger says; the analysts' views read it", ""))[0] for name in made}
    views["runs"] += f"; ledger head {ledger_head}"
    columns = connection.execute("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
    lines = [f"COMMENT ON VIEW {view} IS {_quoted(comment)};" for view, comment in views.items()]
    lines += [f'COMMENT ON COLUMN {view}."{column}" IS {_quoted(comment_of(column))};' for view, column in columns]
    connection.execute("\n".join(lines))


def _values_view(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list[tuple[Any, ...]]
) -> None:
    """Make a small macro-like view of ledger facts; typed, also when it has no rows."""
    typed = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in columns.items())
    body = ", ".join("(" + ", ".join(_quoted(value) for value in row) + ")" for row in rows or [(None,) * len(columns)])
    where = "" if rows else " WHERE false"
    connection.execute(f"CREATE VIEW {name} AS SELECT {typed} FROM (VALUES {body}) AS v({', '.join(columns)}){where}")


def _create_values(connection: duckdb.DuckDBPyConnection, store: Store, entries: list[Entry], runs: list[str]) -> None:
    """Make the views of ledger facts that the analysts' views read."""
    current = in_force(entries)
    every = publications(entries)
    others = {
        p.county_code: sorted(q.product for q in current if q.product and q.county_code == p.county_code)
        for p in current
    }
    publication = {
        "run_id": "VARCHAR",
        "publication_id": "VARCHAR",
        "product": "VARCHAR",
        "published_at": "TIMESTAMPTZ",
    }
    _values_view(
        connection,
        "in_force",
        {**publication, "other_products": "VARCHAR[]"},
        [
            (
                p.run_id,
                p.publication_id,
                p.product,
                p.published_at,
                others[p.county_code] if p.product is None else [],
            )
            for p in current
        ],
    )
    _values_view(
        connection,
        "publications",
        {**publication, "superseded_at": "TIMESTAMPTZ", "published_on": "DATE"},
        [
            (
                p.run_id,
                p.publication_id,
                p.product,
                p.published_at,
                _superseded_at(p, every),
                day_in_china(p.published_at),
            )
            for p in every
        ],
    )
    last = {p.run_id: p.publication_id for p in every}
    runs_of = {p.publication_id: p.run_id for p in every}
    _values_view(
        connection,
        "branch_limits",
        BRANCH_LIMITS,
        [
            (
                b.publication_id,
                run_id,
                b.household_key,
                b.product,
                b.limit_yuan,
                b.received_on,
                last[run_id] == b.publication_id,
            )
            for b in branch_limits(entries).values()
            if (run_id := runs_of.get(b.publication_id))
        ],
    )
    _values_view(
        connection,
        "working_calendar",
        {"day": "DATE", "working_days": "INTEGER"},
        calendar_since(_first_referral(store, runs)),
    )
    _values_view(
        connection,
        "year_before",
        {"county_code": "VARCHAR", "publication_id": "VARCHAR"},
        _year_before(current, every),
    )
    _values_view(
        connection,
        "overrides",
        {"run_id": "VARCHAR", "gate": "VARCHAR", "overridden_by": "VARCHAR"},
        [(e.run_id, gate, e.by) for e in entries if e.act == "approve" for gate in e.details["overrides"]],
    )
    _values_view(connection, "household_signatures", SIGNATURES, signed_rows(store, entries, runs))
    _values_view(
        connection,
        "held",
        {"county_code": "VARCHAR", "household_key": "VARCHAR", "since": "TIMESTAMPTZ", "held_by": "VARCHAR"},
        [(hold.county_code, hold.household_key, hold.since, hold.held_by) for hold in holds_in_force(entries)],
    )
    _values_view(connection, "run_log", RUN_LOG, [_run_row(store, entries, run_id, current, every) for run_id in runs])


def _superseded_at(publication: Publication, every: list[Publication]) -> str | None:
    """A later publication of the whole county, or of the same product, supersedes."""
    later = [p for p in every if p.number > publication.number and p.county_code == publication.county_code]
    return next((p.published_at for p in later if p.product is None or p.product == publication.product), None)


def _year_before(current: list[Publication], every: list[Publication]) -> list[tuple[Any, ...]]:
    """For each county in force, the publication that was in force one year before its day."""
    found: list[tuple[Any, ...]] = []
    for now in (p for p in current if p.product is None):
        day = date.fromisoformat(now.as_of)
        limit = day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day).isoformat()
        earlier = [
            p for p in every if p.county_code == now.county_code and p.product is None and _in_force_from(p) <= limit
        ]
        if earlier:  # the ledger's order, not the days': what was rolled back is not what was in force
            found.append((now.county_code, earlier[-1].publication_id))
    return found


def _in_force_from(publication: Publication) -> str:
    """Return the day from which a publication counts: its run's, or the day on which it was brought back."""
    return max(publication.as_of, publication.published_at[:10]) if publication.restores else publication.as_of


def _first_referral(store: Store, runs: list[str]) -> date | None:
    """Return the day of the first referral in any run."""
    files = _files(store, {run_id: store.manifest(run_id)["tables"] for run_id in runs}, "referrals")
    found = duckdb.connect().execute(f"SELECT min(referred_on) FROM {files}").fetchone() if files else None
    return found[0] if found else None


BRANCH_LIMITS = {
    "publication_id": "VARCHAR",
    "run_id": "VARCHAR",
    "household_key": "VARCHAR",
    "product": "VARCHAR",
    "branch_limit_yuan": "BIGINT",
    "branch_limit_on": "DATE",
    "is_last": "BOOLEAN",
}
SIGNATURES = {
    "run_id": "VARCHAR",
    "household_key": "VARCHAR",
    "product": "VARCHAR",
    "signed_role": "VARCHAR",
    "signed_by": "VARCHAR",
    "signed_at": "TIMESTAMPTZ",
}
RUN_LOG = {
    "run_id": "VARCHAR",
    "county_code": "VARCHAR",
    "product": "VARCHAR",
    "as_of": "DATE",
    "status": "VARCHAR",
    "versions": "VARCHAR",
    "counts": "VARCHAR",
    "sum_limit_yuan": "BIGINT",
    "gates": "VARCHAR",
    "prepared_by": "VARCHAR",
    "approved_by": "VARCHAR",
    "minutes": "VARCHAR",
    "staged_at": "TIMESTAMPTZ",
    "approved_at": "TIMESTAMPTZ",
    "published_at": "TIMESTAMPTZ",
}


def _run_row(
    store: Store, entries: list[Entry], run_id: str, current: list[Publication], every: list[Publication]
) -> tuple[Any, ...]:
    manifest = store.manifest(run_id)
    acts = {entry.act: entry for entry in entries if entry.run_id == run_id}
    stage, approve, publish = acts.get("stage"), acts.get("approve"), acts.get("publish")
    return (
        run_id,
        manifest["county_code"],
        manifest["product"],
        manifest["as_of"],
        run_status(run_id, entries, current, every),
        json.dumps(manifest["versions"], sort_keys=True),
        json.dumps(manifest["counts"], sort_keys=True, ensure_ascii=False),
        manifest["sum_limit_yuan"],
        json.dumps(manifest["gates"], sort_keys=True),
        stage.by if stage else None,
        approve.by if approve else None,
        _minutes(approve),
        stage.at if stage else None,
        approve.at if approve else None,
        publish.at if publish else None,
    )


def _minutes(approve: Entry | None) -> str | None:
    """Return the reference of the minutes behind a signature."""
    sat = approve.details.get("meeting") if approve else None
    return sat["minutes"] if sat else None


def run_status(run_id: str, entries: list[Entry], current: list[Publication], every: list[Publication]) -> str:
    """Say how far a run has come."""
    if any(p.run_id == run_id for p in current):
        return "published"
    if any(p.run_id == run_id for p in every):
        return "superseded"
    return "approved" if any(e.act == "approve" and e.run_id == run_id for e in entries) else "staged"
