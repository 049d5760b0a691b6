"""Publish an approved run: it is packed, one ledger entry puts it in force, and its packages are handed out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from village_credit.duckdb_session import cursor_over, query_cursor
from village_credit.errors import RunConflict
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.decision_tree import decisions_root
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import decision_files, lines_query
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import Publication, in_force, publications
from village_credit.ledger.rise import standing_words
from village_credit.publish.branch_package import outbox_folder
from village_credit.publish.handing_out import complete_outbox, record_and_pack
from village_credit.services.approval.approve import require_signature
from village_credit.services.approval.household_signatures import require_authority
from village_credit.sql_files import sql
from village_credit.store.store import Store

DECIDED = ["household_key", "product", "decision", "limit_yuan"]


@dataclass(frozen=True)
class Published:
    """What is now in force; `noop` where it was already."""

    publication_id: str
    run_id: str
    county_code: str
    noop: bool
    outbox: str


def publish(store: Store, run_id: str, by: str) -> Published:
    """Put an approved run in force for its county (a product's run: for that product), and pack its branch files."""
    manifest = store.manifest(run_id)
    entries = Ledger.of(store)
    require_signature(store, entries, run_id)
    current = next((p for p in in_force(entries) if p.run_id == run_id), None)
    if current is None:
        root, lines = decisions_root(store, run_id)
        details = {
            "decisions_root": root,
            "decision_lines": lines,
            "publication_id": f"p{manifest['as_of'].replace('-', '')}-{run_id[1:13]}",
            **{key: manifest[key] for key in ("county_code", "product", "as_of")},
        }
        record_and_pack(store, "publish", by, run_id, details, lambda found: _may_publish(store, found, manifest))
    else:
        complete_outbox(store)
    publication = next(p for p in reversed(publications(Ledger.of(store))) if p.run_id == run_id)
    return Published(
        publication.publication_id,
        run_id,
        publication.county_code,
        current is not None,
        str(outbox_folder(store, publication)),
    )


def unheard_words(store: Store, run_id: str) -> int:
    """Count the lines that a run grants above what a branch cut or refused since it was computed: it does not know."""
    manifest, ledger = store.manifest(run_id), Ledger.of(store)
    county = manifest["county_code"]
    known = {
        "words_now": standing_words(store, ledger, county),
        "words_then": standing_words(store, ledger.read_by(run_id), county),
        "decisions": pq.read_table(store.table(run_id, "decisions"), columns=DECIDED, partitioning=None),
    }
    query = sql("services.approval", "unheard_words")
    ((count,),) = cursor_over(known).execute(query).fetchall()
    return int(count)


def _may_publish(store: Store, entries: Sequence[Entry], manifest: dict[str, Any]) -> None:
    """A run never replaces one of a later day; a product's run needs a whole run to stand beside.

    Nobody refused since.
    """
    run_id, county_code, as_of, product = (manifest[name] for name in ("run_id", "county_code", "as_of", "product"))
    mine = [p for p in publications(entries) if p.county_code == county_code]
    later = [p for p in in_force(entries) if p.county_code == county_code and p.as_of > as_of]
    if later:
        raise RunConflict(
            f"run {run_id} is as of {as_of}, but {later[-1].publication_id} of {later[-1].as_of} is in force: "
            f"score again as of a later day"
        )
    if any(p.run_id == run_id for p in mine):
        raise RunConflict(f"run {run_id} was published before and is no longer in force; use rollback to return to it")
    if product is not None and not any(p.product is None and p.county_code == county_code for p in in_force(entries)):
        raise RunConflict(
            f"run {run_id} decides {product} only, and county {county_code} has nothing in force to add it to: "
            f"publish a whole run first"
        )
    require_authority(store, entries, run_id)
    _require_once(store, Ledger(entries), run_id, county_code)


def _require_once(store: Store, ledger: Ledger, run_id: str, county_code: str) -> None:
    """Raise RunConflict where a run grants a line that another county's publication has in force already."""
    decisions = str(store.table(run_id, "decisions"))
    others = _sharing(store, [p for p in ledger.in_force if p.county_code != county_code], decisions)
    if not others:
        return
    query, inputs = lines_query(store, others, branch_limits(ledger).values())
    asked = sql("services.approval", "in_force_elsewhere").format(lines=query)
    found = cursor_over(inputs).execute(asked, {"decisions": decisions}).fetchall()
    if found:
        told = "; ".join(f"{count:,} in county {county}" for county, count in found)
        raise RunConflict(
            f"run {run_id}: it grants lines that their households have in force under another county ({told}): no "
            f"household is in force twice; take the other county's rows out of this inbox, or publish that county "
            f"without them first, and score again"
        )


def _sharing(store: Store, others: list[Publication], decisions: str) -> list[Publication]:
    """Return what is in force in counties that know a household of a run's decisions: most of them know none.

    To look for keys alone costs a third of asking for every line in force.
    """
    if not others:
        return []
    paths = decision_files(store, others)
    asked = {"paths": paths, "decisions": decisions}
    found = query_cursor().execute(sql("services.approval", "counties_that_share"), asked).fetchall()
    return [publication for publication in others if (publication.county_code,) in found]
