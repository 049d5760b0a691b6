"""Tell people: why a household got its limit, its notice, and what is in force per county."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from village_credit.catalogue import filled
from village_credit.errors import MissingInput
from village_credit.ledger.branch_limits import branch_limits, with_branch_limit
from village_credit.ledger.holds import HOLD, RELEASE
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import Publication
from village_credit.ledger.reviews import said_of
from village_credit.report.explain import explain_rows
from village_credit.report.notice import messages, notice
from village_credit.services.approval.household_signatures import signature_of
from village_credit.sql_files import sql
from village_credit.store.store import Store

LINE = ("product", "decision", "limit_yuan", "valid_from", "valid_to", "publication_id", "run_id")


def explain(store: Store, key: str, on: date | None = None) -> dict[str, Any]:
    """Gather everything behind a household's decision in force (on a day: in force at its end).

    Of several lines the one that was published last is told whole; `lines` has each. Raises MissingInput where there
    is none.
    """
    ledger = Ledger.of(store)
    lines = lines_in_force(store, ledger, on=on, household_key=key).to_pylist()
    if not lines:
        raise MissingInput(
            f"household {key}: no published decision{f' on {on}' if on else ''}; check the key, or publish first"
        )
    line = max(lines, key=lambda one: one["place"])
    run_id, publication_id = line["run_id"], line["publication_id"]
    rows = explain_rows(store.require_run(run_id), key)
    said = branch_limits(ledger, on).get((publication_id, key, line["product"]))
    return {
        **rows,
        "decision": with_branch_limit(rows["decision"], said),
        "branch_limit": asdict(said) if said else None,
        "publication_id": publication_id,
        "lines": [{name: one[name] for name in LINE} for one in lines],
        "versions": store.manifest(run_id)["versions"],
        "signatures": [_act(e) for e in ledger if e.run_id == run_id],
        "reviews": said_of(ledger, key),
        "authority": signature_of(store, ledger, run_id, key),
        "holds": [
            {"act": e.act, "by": e.by, "at": e.at}
            for e in ledger
            if e.act in (HOLD, RELEASE) and e.details["household_key"] == key
        ],
    }


def _act(entry: Entry) -> dict[str, Any]:
    """Return who did what on a run, and the reference of the minutes where a committee met."""
    sat = entry.details.get("meeting")
    minutes = {"minutes": sat["minutes"]} if sat else {}
    return {"act": entry.act, "by": entry.by, "at": entry.at} | minutes


def notices(store: Store, run_id: str, language: str = "zh") -> list[dict[str, Any]]:
    """Return every household's message: household_key, product, template version, text, state; with what branches set.

    `state`: in_force, superseded (another publication decides the line now) or, before the run is published, staged.
    """
    said = messages(language)
    run, ledger = store.require_run(run_id), Ledger.of(store)
    told = next((p for p in reversed(ledger.publications) if p.run_id == run_id), None)
    limits = branch_limits(ledger)
    current = _lines_of_run(store, ledger, told)
    lost = _points_lost(run)
    found = []
    rows = pq.read_table(run / "decisions.parquet", partitioning=None).to_pylist()
    for row in filled("decisions", rows):
        line = row["household_key"], row["product"]
        now = with_branch_limit(row, limits.get((told.publication_id if told else "", *line)))
        state = "staged" if told is None else "in_force" if line in current else "superseded"
        text = notice(now, lost.get(row["household_key"], []), said)
        found.append(
            {"household_key": line[0], "product": line[1], "template": said.version, "state": state, "text": text}
        )
    return found


def _lines_of_run(store: Store, ledger: Ledger, told: Publication | None) -> set[tuple[str, str]]:
    """Name the lines (household_key, product) that are in force by a publication."""
    if told is None:
        return set()
    rows = lines_in_force(store, ledger, told.county_code).to_pylist()
    return {(row["household_key"], row["product"]) for row in rows if row["run_id"] == told.run_id}


def _points_lost(run: Path) -> dict[str, list[dict[str, str]]]:
    """Return the reasons of the households that are declined for their score, most points lost first."""
    query = sql("services.queries", "points_lost")
    paths = {"points": str(run / "score_points.parquet"), "decisions": str(run / "decisions.parquet")}
    return {key: reasons or [] for key, reasons in duckdb.connect().execute(query, paths).fetchall()}
