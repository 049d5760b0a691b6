"""Publish an approved run: one ledger entry puts it in force, everything else is rebuilt from runs and ledger."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_contracts.reasons import DECISION_REASONS
from village_credit.acts.authority import require_authority
from village_credit.acts.sign import require_signature
from village_credit.duck import looking
from village_credit.errors import RunConflict
from village_credit.publish.branch_limits import (
    IN_FORCE,
    BranchLimit,
    Key,
    branch_limits,
    limits_table,
)
from village_credit.publish.holds import HOLD, RELEASE, held_keys, stops
from village_credit.publish.ledger import (
    Entry,
    Publication,
    append,
    in_force,
    publications,
    read_ledger,
    standing,
)
from village_credit.publish.office_package import Result, results
from village_credit.publish.package import (
    PackageInputs,
    drop_unfinished,
    is_packed,
    outbox_folder,
    pack,
    told_rows,
)
from village_credit.publish.referrals import PRODUCT, referral_vault
from village_credit.publish.store import Store
from village_credit.publish.usage import drawn_before
from village_credit.publish.warehouse import build_warehouse, is_current

UNKNOWN_LAST = 1_000  # more than there are publications in force for a county


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
    ledger = store.root / "ledger"
    entries = read_ledger(ledger)
    require_signature(store, entries, run_id)
    current = next((p for p in in_force(entries) if p.run_id == run_id), None)
    if current is None:
        details = {
            "publication_id": f"p{manifest['as_of'].replace('-', '')}-{run_id[1:13]}",
            **{key: manifest[key] for key in ("county_code", "product", "as_of")},
        }
        append(
            ledger,
            "publish",
            by,
            run_id,
            details,
            lambda found: _may_publish(store, found, manifest),
        )
    heal(store)
    publication = next(p for p in reversed(publications(read_ledger(ledger))) if p.run_id == run_id)
    return Published(
        publication.publication_id,
        run_id,
        publication.county_code,
        current is not None,
        str(outbox_folder(store, publication)),
    )


def _may_publish(store: Store, entries: list[Entry], manifest: dict[str, Any]) -> None:
    """A run never replaces one of a later day; a product's run needs a whole run to stand beside; nobody refused since."""
    run_id, county_code, as_of, product = (manifest[name] for name in ("run_id", "county_code", "as_of", "product"))  # fmt: skip
    mine = [p for p in publications(entries) if p.county_code == county_code]
    later = [p for p in in_force(entries) if p.county_code == county_code and p.as_of > as_of]
    if later:
        raise RunConflict(
            f"run {run_id} is as of {as_of}, but {later[-1].publication_id} of {later[-1].as_of} is in force: score again as of a later day"
        )
    if any(p.run_id == run_id for p in mine):
        raise RunConflict(
            f"run {run_id} was published before and has been superseded; use rollback to return to it"
        )
    if product is not None and not any(p.product is None for p in mine):
        raise RunConflict(
            f"run {run_id} decides {product} only, and county {county_code} has no publication to add it to: publish a whole run first"
        )
    require_authority(store, entries, run_id)


def heal(store: Store) -> None:
    """Finish what a crash may have left: packages of publications, holds and releases without READY, and an old warehouse."""
    entries = read_ledger(store.root / "ledger")
    every = publications(entries)
    for publication in every:
        if not is_packed(store, publication):
            drop_unfinished(store, publication)
            held = held_keys([e for e in entries if e.number < publication.number], publication.county_code)
            pack(store, publication, package_inputs(store, entries, publication, every, held))
    for entry, told in stops(entries):
        before = _before(told, every)
        if before and not is_packed(store, told):
            drop_unfinished(store, told)
            county = replace(told, run_id=before[-1].run_id)  # the run of the whole county that is in force
            pack(store, county, _stop_inputs(store, entries, entry, before))
    heal_warehouse(store)


def told_to_branches(
    store: Store, entries: list[Entry], publication_id: str
) -> tuple[Publication, pa.Table] | None:
    """Give a publication (or the small one of a hold or release) and the rows that its packages told; None: no such id."""
    every = publications(entries)
    for publication in every:
        if publication.publication_id == publication_id:
            held = held_keys([e for e in entries if e.number < publication.number], publication.county_code)
            return publication, told_rows(publication, package_inputs(store, entries, publication, every, held))  # fmt: skip
    for entry, told in stops(entries):
        if told.publication_id == publication_id and (before := _before(told, every)):
            county = replace(told, run_id=before[-1].run_id)
            return county, told_rows(county, _stop_inputs(store, entries, entry, before))
    return None


def heal_warehouse(store: Store) -> None:
    """Rebuild the analysts' views where the ledger went on without them, or the store was moved."""
    if not is_current(store):
        build_warehouse(store)


def package_inputs(
    store: Store, entries: list[Entry], publication: Publication, every: list[Publication], held: list[str]
) -> PackageInputs:
    """Gather a publication's tables: its run, what was in force just before, who the borrowers are, and who is held."""
    before = _before(publication, every)
    until = [entry for entry in entries if entry.number < publication.number]
    said = branch_limits(until)
    run = store.require_run(publication.run_id)
    decisions = pq.read_table(run / "decisions.parquet")
    earlier = [_in_force_rows(store, p, before, said) for p in before]
    return PackageInputs(
        decisions,
        pa.concat_tables([*earlier, _loaded_rows(run, decisions, earlier)], promote_options="default"),
        _borrowers(store, [publication, *before]),
        pq.read_table(run / "branches.parquet"),
        dict(DECISION_REASONS),
        held,
        _table_of(run / "relief_measures.parquet") if publication.product is None else None,
        _results(store, publication, decisions, held),
        drawn_before(store, until, date.fromisoformat(publication.as_of)),
    )


def _results(
    store: Store, publication: Publication, decisions: pa.Table, held: list[str]
) -> tuple[Result, ...]:
    """Give what came of the county's referral lists, as the office named the traders; nothing of another product's batch."""
    vault = referral_vault(publication.run_id)
    if publication.product not in (None, PRODUCT) or not store.has_identities(vault):
        return ()
    listed = pq.read_table(io.BytesIO(store.open_identities(vault))).to_pylist()
    told = decisions.select(["household_key", "product", "decision", "limit_yuan"]).to_pylist()
    return tuple(results(listed, {row["household_key"]: row for row in told}, set(held)))


def _loaded_rows(run: Path, decisions: pa.Table, earlier: list[pa.Table]) -> pa.Table:
    """Give the lines that the bank had granted to households which no publication decided yet: kept ones are no new ones."""
    lines = _table_of(run / "lines_before.parquet")
    if lines is None:
        return decisions.slice(0, 0)
    connection = looking()
    connection.register("decisions", decisions)
    connection.register("lines", lines)
    known = pa.concat_tables([decisions.slice(0, 0), *earlier], promote_options="default").select(
        ["household_key"]
    )
    connection.register("known", known)
    query = """
        SELECT d.* REPLACE (l.product AS product, 'granted' AS decision, l.limit_yuan AS limit_yuan, l.valid_from AS valid_from, l.valid_to AS valid_to)
        FROM decisions AS d JOIN lines AS l USING (household_key) ANTI JOIN known USING (household_key) WHERE NOT l.is_own"""
    return connection.sql(query).to_arrow_table().cast(decisions.schema)


def _table_of(path: Path) -> pa.Table | None:
    """Read a run's table; None of a run that was sealed before there was such a table."""
    return pq.read_table(path) if path.is_file() else None


def _stop_inputs(
    store: Store, entries: list[Entry], entry: Entry, before: list[Publication]
) -> PackageInputs:
    """Gather what a branch is told of one household that is held, or released: what is in force for it, stopped or not.

    A review has no limit to go on with: then a release waits for the next publication.
    """
    key = entry.details["household_key"]
    said = branch_limits([e for e in entries if e.number < entry.number])
    rows = pa.concat_tables(
        [_rows_of(store, p, before, key, said) for p in before], promote_options="default"
    )
    rows = rows.filter(pc.is_valid(rows.column("valid_to")))  # a line, with a limit or stopped already
    if entry.act == RELEASE:
        rows = rows.filter(pc.not_equal(rows.column("decision"), "manual_review"))
    branches = pq.read_table(store.require_run(before[-1].run_id) / "branches.parquet")
    held = [key] if entry.act == HOLD else []
    return PackageInputs(rows, rows, _borrowers(store, before), branches, dict(DECISION_REASONS), held)


def _before(publication: Publication, every: list[Publication]) -> list[Publication]:
    """What was in force for the county just before this was published, the latest first."""
    earlier = [p for p in every if p.number < publication.number and p.county_code == publication.county_code]
    return standing(earlier)[::-1]


def _in_force_rows(
    store: Store, publication: Publication, beside: list[Publication], said: dict[Key, BranchLimit]
) -> pa.Table:
    """Give the decisions that a publication has in force, with the limits that branches set.

    Those of a product's own, else all but those of other products.
    """
    decisions = pq.read_table(store.require_run(publication.run_id) / "decisions.parquet")
    if here := [limit for limit in said.values() if limit.publication_id == publication.publication_id]:
        connection = looking()
        connection.register("decisions", decisions)
        connection.register("limits", limits_table(here))
        query = f"SELECT d.* REPLACE ({', '.join(IN_FORCE.values())}) FROM decisions AS d LEFT JOIN limits AS b USING (household_key, product) ORDER BY household_key, product"
        decisions = connection.sql(query).to_arrow_table().cast(decisions.schema)
    products = decisions.column("product")
    if publication.product is not None:
        return decisions.filter(pc.equal(products, publication.product))
    replaced = pa.array([p.product for p in beside if p.product is not None], pa.string())
    return decisions.filter(pc.invert(pc.is_in(products, replaced)))


def _rows_of(
    store: Store, publication: Publication, beside: list[Publication], key: str, said: dict[Key, BranchLimit]
) -> pa.Table:
    """Give one household's decision that a publication has in force, with the limit that its branch set."""
    rows = _in_force_rows(store, publication, beside, said)
    return rows.filter(pc.equal(rows.column("household_key"), key))


def _borrowers(store: Store, found: list[Publication]) -> pa.Table:
    """Give one identity a household from vaults: of the first publication that knows its borrower's number."""
    connection = looking()
    connection.register(
        "identities", pa.concat_tables([_identities(store, p.run_id, order) for order, p in enumerate(found)])
    )
    return connection.sql(
        "SELECT * EXCLUDE (place) FROM (SELECT *, row_number() OVER (PARTITION BY household_key ORDER BY rank) AS place FROM identities) WHERE place = 1"
    ).to_arrow_table()


def _identities(store: Store, run_id: str, order: int) -> pa.Table:
    table = pq.read_table(io.BytesIO(store.open_identities(run_id)))
    unknown = pc.is_null(table.column("person_id")).cast(pa.int64())
    return table.append_column("rank", pc.add(pc.multiply(unknown, UNKNOWN_LAST), order))
