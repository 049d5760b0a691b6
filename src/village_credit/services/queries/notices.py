"""What every household of a run is told of its line, as it stands now: the words of `notify`, without an address."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from village_credit.catalogue import filled
from village_credit.china_calendar import today
from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force, lines_of
from village_credit.publish.addressed_notices import Texts, own_seasons, seasons_of, sender_of
from village_credit.report.letter import Sender
from village_credit.report.notice import kind_of, notice, notice_words
from village_credit.services.rules import load_terms
from village_credit.sql_files import sql
from village_credit.store.store import Store

Row = dict[str, Any]
NO_TELEPHONE = "____"  # whoever reads it at the counter says the number


def notices(store: Store, run_id: str, language: str = "zh", counties: Path | None = None) -> list[Row]:
    """Return what each household is told: household_key, product, template version, reviewed_by, text, state.

    `reviewed_by`: empty where no native speaker read the template. With what branches set; who is held is told that a
    person looks. `state`: in_force, superseded (another publication decides the line now) or, before the run is
    published, staged. Where the county's terms name no bank, the branch speaks, and the telephone is left blank. Raises
    MissingInput of a run that was withdrawn.
    """
    said, county = notice_words(language), store.manifest(run_id)["county_code"]
    terms = load_terms(counties, county)[0].notices
    texts = None if terms is None else Texts(terms, [said], today().isoformat())
    charges = _table(store, run_id, "charges")
    return [
        {
            "household_key": row["household_key"],
            "product": row["product"],
            "template": said.version,
            "reviewed_by": said.reviewed_by,
            "state": row["state"],
            "text": notice(row, _sender(row, texts), said, charges),
        }
        for row in _told(store, run_id)
    ]


def _sender(row: Row, texts: Texts | None) -> Sender:
    """Return who tells a line: where the county's terms name no bank, its branch, with room for a telephone."""
    if texts is not None:
        return sender_of(row, texts)
    branch = row["branch_name"] or row["branch_code"]
    return Sender({}, branch, branch, NO_TELEPHONE, None, today().isoformat())


def _told(store: Store, run_id: str) -> Iterable[Row]:
    """Yield each line of a run with what is told of it: its kind, its branch, its seasons, what cost it points."""
    lost, seasons = _points_lost(store, run_id), seasons_of(_table(store, run_id, "seasons"))
    before = {
        (row["household_key"], row["product"]): row["limit_yuan"] for row in _table(store, run_id, "lines_before")
    }
    branches = {row["township_code"]: row for row in _table(store, run_id, "branches")}
    first = min(branches.values(), key=lambda row: row["branch_code"], default={"branch_code": "", "branch_name": ""})
    for row in _lines(store, run_id):
        branch = branches.get(row["township_code"], first)
        had = before.get((row["household_key"], row["product"]), 0)
        told = {name: branch[name] for name in ("branch_code", "branch_name")}
        told |= {"kind": kind_of(row, had_line=had > 0), "previous_yuan": had, "is_open": True}
        told["seasons"] = own_seasons(seasons, row, is_granted=row["decision"] == "granted")
        yield row | told | {"points_lost": lost.get(row["household_key"], [])}


def _lines(store: Store, run_id: str) -> list[Row]:
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


def _table(store: Store, run_id: str, name: str) -> list[Row]:
    """Return a run's table; nothing of a run that is older than it."""
    path = store.table_if_any(run_id, name)
    found: list[Row] = pq.read_table(path, partitioning=None).to_pylist() if path else []
    return found


def _points_lost(store: Store, run_id: str) -> dict[str, list[dict[str, str]]]:
    """Return the reasons of the households that are declined for their score, most points lost first."""
    query = sql("services.queries", "points_lost")
    paths = {"points": str(store.table(run_id, "score_points")), "decisions": str(store.table(run_id, "decisions"))}
    return {key: reasons or [] for key, reasons in query_cursor().execute(query, paths).fetchall()}
