"""Tell people: why a household got its limit, its notice, and what is in force per county."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from village_credit.errors import MissingInput
from village_credit.ledger.branch_limits import branch_limits, with_branch_limit
from village_credit.ledger.holds import HOLD, RELEASE
from village_credit.ledger.log import Entry, read_ledger
from village_credit.ledger.publications import Publication, in_force, publications, standing
from village_credit.ledger.reviews import said_of
from village_credit.report.explain import explain_rows
from village_credit.report.notice import TEMPLATE_VERSION, notice
from village_credit.services.approval.household_signatures import signature_of
from village_credit.store.store import Store


def explain(store: Store, key: str, on: date | None = None) -> dict[str, Any]:
    """Gather everything behind a household's decision in force (on a day: of the publication in force then)."""
    entries = read_ledger(store.root / "ledger")
    found = _publications_on(publications(entries), on) if on else in_force(entries)
    limits = branch_limits(entries, on)
    for publication in reversed(found):
        rows = explain_rows(store.require_run(publication.run_id), key)
        if rows["decision"] and publication.product in (None, rows["decision"]["product"]):
            said = limits.get((publication.publication_id, key, rows["decision"]["product"]))
            acts = [_act(e) for e in entries if e.run_id == publication.run_id]
            return {
                **rows,
                "decision": with_branch_limit(rows["decision"], said),
                "branch_limit": asdict(said) if said else None,
                "publication_id": publication.publication_id,
                "versions": store.manifest(publication.run_id)["versions"],
                "signatures": acts,
                "reviews": said_of(entries, key),
                "authority": signature_of(store, entries, publication.run_id, key),
                "holds": [
                    {"act": e.act, "by": e.by, "at": e.at}
                    for e in entries
                    if e.act in (HOLD, RELEASE) and e.details["household_key"] == key
                ],
            }
    raise MissingInput(
        f"household {key}: no published decision{f' on {on}' if on else ''}; check the key, or publish first"
    )


def _act(entry: Entry) -> dict[str, Any]:
    """Return who did what on a run, and the reference of the minutes where a committee met."""
    sat = entry.details.get("meeting")
    minutes = {"minutes": sat["minutes"]} if sat else {}
    return {"act": entry.act, "by": entry.by, "at": entry.at} | minutes


def _publications_on(every: list[Publication], day: date) -> list[Publication]:
    """Return what was in force at the end of a day."""
    return standing([p for p in every if p.published_at[:10] <= day.isoformat()])


def notices(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Return every household's message: household_key, template version, text; of a published run with what branches set."""
    run = store.require_run(run_id)
    entries = read_ledger(store.root / "ledger")
    told = next((p.publication_id for p in reversed(publications(entries)) if p.run_id == run_id), "")
    limits = branch_limits(entries)
    decisions = [
        with_branch_limit(row, limits.get((told, row["household_key"], row["product"])))
        for row in pq.read_table(run / "decisions.parquet").to_pylist()
    ]
    lost = _points_lost(run)
    return [
        {
            "household_key": row["household_key"],
            "template": TEMPLATE_VERSION,
            "text": notice(row, lost.get(row["household_key"], [])),
        }
        for row in decisions
    ]


def _points_lost(run: Path) -> dict[str, list[str]]:
    """Return the reasons of the households that are declined for their score, most points lost first."""
    query = """
        SELECT household_key, list(reason_zh ORDER BY rank) FILTER (reason_zh IS NOT NULL) FROM read_parquet($points)
        WHERE household_key IN (SELECT household_key FROM read_parquet($decisions) WHERE reason_codes[1] = 'LOWEST_BAND')
        GROUP BY household_key"""
    paths = {"points": str(run / "score_points.parquet"), "decisions": str(run / "decisions.parquet")}
    return {key: reasons or [] for key, reasons in duckdb.connect().execute(query, paths).fetchall()}
