"""Tell people: why a household got its limit, its notice, and what is in force per county."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from village_credit.acts.authority import signature_of
from village_credit.acts.referrals import referral_status
from village_credit.acts.reviews import said_of
from village_credit.errors import MissingInput
from village_credit.publish.branch_limits import branch_limits, with_branch_limit
from village_credit.publish.holds import HOLD, RELEASE, holds_in_force
from village_credit.publish.keys import household_key, row_key_hash
from village_credit.publish.ledger import Entry, Publication, in_force, publications, read_ledger, standing
from village_credit.publish.store import Store
from village_credit.publish.warehouse import run_status
from village_credit.report.explain import explain_rows
from village_credit.report.notice import TEMPLATE_VERSION, notice
from village_credit.validate.identity import VALID_15, completed, id_status


def key_of(store: Store, named: str, typed: str) -> str:
    """Give a household's pseudonym: as typed, or (`-`) of a contractor code or ID number from standard input."""
    if named != "-":
        return named
    number = _folded(typed)
    return _key_of_number(store, number) or household_key(store.keys, number)


def _folded(typed: str) -> str:
    """Give a typed number as contracts give it: half width, capitals, eighteen digits."""
    number = unicodedata.normalize("NFKC", typed).strip().upper()
    return completed(number) if id_status(number) == VALID_15 else number


def _key_of_number(store: Store, number: str) -> str | None:
    """Find a member's household in the vaults of what is in force, by the number's keyed hash."""
    wanted = row_key_hash(store.keys, number)
    for publication in in_force(read_ledger(store.root / "ledger")):
        vault = pq.read_table(
            io.BytesIO(store.open_identities(publication.run_id)), columns=["household_key", "number_hashes"]
        )
        for row in vault.to_pylist():
            if wanted in (row["number_hashes"] or []):
                return str(row["household_key"])
    return None


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
    """Give who did what on a run, and the reference of the minutes where a committee met."""
    sat = entry.details.get("meeting")
    minutes = {"minutes": sat["minutes"]} if sat else {}
    return {"act": entry.act, "by": entry.by, "at": entry.at} | minutes


def _publications_on(every: list[Publication], day: date) -> list[Publication]:
    """Give what was in force at the end of a day."""
    return standing([p for p in every if p.published_at[:10] <= day.isoformat()])


def notices(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Give every household's message: household_key, template version, text; of a published run with what branches set."""
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
        {"household_key": row["household_key"], "template": TEMPLATE_VERSION, "text": notice(row, lost.get(row["household_key"], []))}
        for row in decisions
    ]  # fmt: skip


def _points_lost(run: Path) -> dict[str, list[str]]:
    """Give the reasons of the households that are declined for their score, most points lost first."""
    query = """
        SELECT household_key, list(reason_zh ORDER BY rank) FILTER (reason_zh IS NOT NULL) FROM read_parquet($points)
        WHERE household_key IN (SELECT household_key FROM read_parquet($decisions) WHERE reason_codes[1] = 'LOWEST_BAND')
        GROUP BY household_key"""
    paths = {"points": str(run / "score_points.parquet"), "decisions": str(run / "decisions.parquet")}
    return {key: reasons or [] for key, reasons in duckdb.connect().execute(query, paths).fetchall()}


def status(store: Store, on: date | None = None) -> list[dict[str, Any]]:
    """Give each run: county, day, state, who did what, who of its county is held now, its referrals' clocks on a day; latest first.

    Without a day no clock is read.
    """
    entries = read_ledger(store.root / "ledger")
    referrals = referral_status(store, entries, on) if on else []
    current, every = in_force(entries), publications(entries)
    rows = []
    for entry in reversed([e for e in entries if e.act == "stage"]):
        manifest = store.manifest(entry.run_id)
        rows.append(
            {
                "county_code": manifest["county_code"], "as_of": manifest["as_of"], "product": manifest["product"], "run_id": entry.run_id,
                "status": run_status(entry.run_id, entries, current, every), "prepared_by": entry.by, "staged_at": entry.at,
                "households": manifest["counts"]["registered"], "sum_limit_yuan": manifest["sum_limit_yuan"], "gates": manifest["gates"],
                "holds": [asdict(hold) for hold in holds_in_force(entries, manifest["county_code"])],
                "referrals": [batch for batch in referrals if batch["county_code"] == manifest["county_code"]],
            }
        )  # fmt: skip
    return rows
