"""Tell people: why a household got its limit, its notice, and what is in force per county."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from village_credit.errors import MissingInput
from village_credit.publish.keys import household_key, row_key_hash
from village_credit.publish.ledger import Publication, in_force, publications, read_ledger
from village_credit.publish.store import Store
from village_credit.publish.warehouse import run_status
from village_credit.report.explain import explain_rows
from village_credit.report.notice import TEMPLATE_VERSION, notice


def key_of(store: Store, named: str, typed: str) -> str:
    """Give a household's pseudonym: as typed, or (`-`) of a contractor code or ID number from standard input."""
    if named != "-":
        return named
    number = typed.strip().upper()
    return _key_of_number(store, number) or household_key(store.keys, number)


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
    for publication in reversed(found):
        rows = explain_rows(store.require_run(publication.run_id), key)
        if rows["decision"] and publication.product in (None, rows["decision"]["product"]):
            acts = [{"act": e.act, "by": e.by, "at": e.at} for e in entries if e.run_id == publication.run_id]
            return {
                **rows,
                "publication_id": publication.publication_id,
                "versions": store.manifest(publication.run_id)["versions"],
                "signatures": acts,
            }
    raise MissingInput(
        f"household {key}: no published decision{f' on {on}' if on else ''}; check the key, or publish first"
    )


def _publications_on(every: list[Publication], day: date) -> list[Publication]:
    """Give what was in force at the end of a day."""
    current: dict[tuple[str, str | None], Publication] = {}
    for publication in every:
        if publication.published_at[:10] <= day.isoformat():
            if publication.product is None:
                current = {k: v for k, v in current.items() if k[0] != publication.county_code}
            current[publication.county_code, publication.product] = publication
    return list(current.values())


def notices(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Give every household's message: household_key, template version, text."""
    run = store.require_run(run_id)
    decisions = pq.read_table(run / "decisions.parquet").to_pylist()
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


def status(store: Store) -> list[dict[str, Any]]:
    """Give each run: county, day, state, and who did what; latest first."""
    entries = read_ledger(store.root / "ledger")
    current, every = in_force(entries), publications(entries)
    rows = []
    for entry in reversed([e for e in entries if e.act == "stage"]):
        manifest = store.manifest(entry.run_id)
        rows.append(
            {
                "county_code": manifest["county_code"], "as_of": manifest["as_of"], "product": manifest["product"], "run_id": entry.run_id,
                "status": run_status(entry.run_id, entries, current, every), "prepared_by": entry.by, "staged_at": entry.at,
                "households": manifest["counts"]["registered"], "sum_limit_yuan": manifest["sum_limit_yuan"], "gates": manifest["gates"],
            }
        )  # fmt: skip
    return rows
