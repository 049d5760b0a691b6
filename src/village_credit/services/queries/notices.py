"""Every household's message of a run, as its line stands now."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq

from village_credit.catalogue import filled
from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force, lines_of
from village_credit.report.notice import messages, notice
from village_credit.sql_files import sql
from village_credit.store.store import Store


def notices(store: Store, run_id: str, language: str = "zh") -> list[dict[str, Any]]:
    """Return every household's message: household_key, product, template version, reviewed_by, text, state.

    `reviewed_by`: empty where no native speaker read the template. With what branches set; who is held is told that a
    person looks. `state`: in_force, superseded (another publication decides the line now) or, before the run is
    published, staged. Raises MissingInput of a run that was withdrawn.
    """
    said, charges = messages(language), _table(store, run_id, "charges")
    lost, seasons = _points_lost(store, run_id), _seasons(store, run_id)
    return [
        {
            "household_key": row["household_key"],
            "product": row["product"],
            "template": said.version,
            "reviewed_by": said.reviewed_by,
            "state": row["state"],
            "text": notice(row, lost.get(row["household_key"], []), said, charges, _own(seasons, row)),
        }
        for row in _lines(store, run_id)
    ]


def _lines(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Return what a run decided, each line as branches and holds left it, with its state."""
    ledger = Ledger.of(store)
    if ledger.status(run_id) == "withdrawn":
        raise MissingInput(f"run {run_id} was withdrawn: nobody is to be told its limits")
    told = next((p for p in reversed(ledger.publications) if p.run_id == run_id), None)
    if told is None:
        rows = pq.read_table(store.table(run_id, "decisions"), partitioning=None).to_pylist()
        return [row | {"state": "staged"} for row in filled("decisions", rows)]
    held = holds_in_force(ledger)
    rows = lines_of(store, [told], branch_limits(ledger).values(), held=held).to_pylist()
    now = lines_in_force(store, ledger, told.county_code).to_pylist()
    current = {(row["household_key"], row["product"]) for row in now if row["run_id"] == run_id}
    states = {True: "in_force", False: "superseded"}
    found = filled("decisions", rows)
    return [row | {"state": states[(row["household_key"], row["product"]) in current]} for row in found]


def _table(store: Store, run_id: str, name: str) -> list[dict[str, Any]]:
    """Return a run's table; nothing of a run that is older than it."""
    path = store.table_if_any(run_id, name)
    found: list[dict[str, Any]] = pq.read_table(path, partitioning=None).to_pylist() if path else []
    return found


def _seasons(store: Store, run_id: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the seasons of each line, in their order."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in _table(store, run_id, "seasons"):
        found.setdefault((row["household_key"], row["product"]), []).append(row)
    return found


def _own(seasons: dict[tuple[str, str], list[dict[str, Any]]], row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a line's seasons, while it has the limit that they are parts of: a branch may have set another."""
    mine = seasons.get((row["household_key"], row["product"]), [])
    return mine if row["decision"] == "granted" and row["binding_term"] != "branch" else []


def _points_lost(store: Store, run_id: str) -> dict[str, list[dict[str, str]]]:
    """Return the reasons of the households that are declined for their score, most points lost first."""
    query = sql("services.queries", "points_lost")
    paths = {"points": str(store.table(run_id, "score_points")), "decisions": str(store.table(run_id, "decisions"))}
    return {key: reasons or [] for key, reasons in query_cursor().execute(query, paths).fetchall()}
