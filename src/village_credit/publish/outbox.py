"""The outbox: every publication, hold and release of the ledger gets its packages; what a crash left is finished."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_contracts.reasons import DECISION_REASONS
from village_credit.duckdb_session import query_cursor
from village_credit.ledger.balances import drawn_before
from village_credit.ledger.branch_limits import IN_FORCE, BranchLimit, PublishedLine, branch_limits, limits_table
from village_credit.ledger.holds import HOLD, RELEASE, held_keys, stops
from village_credit.ledger.log import Entry, read_ledger
from village_credit.ledger.publications import Publication, publications, standing
from village_credit.publish.branch_package import (
    PackageInputs,
    drop_unfinished,
    is_packed,
    pack,
    packaged_rows,
)
from village_credit.publish.office_package import Result, results
from village_credit.publish.warehouse import build_warehouse, is_current
from village_credit.store.store import Store
from village_credit.tables.referrals import PRODUCT, referral_vault

UNKNOWN_LAST = 1_000  # more than there are publications in force for a county


def complete_outbox(store: Store) -> None:
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
    refresh_warehouse(store)


def packaged_for_branches(
    store: Store, entries: list[Entry], publication_id: str
) -> tuple[Publication, pa.Table] | None:
    """Return a publication (or the small one of a hold or release) and the rows that its packages told; None: no such id."""
    every = publications(entries)
    for publication in every:
        if publication.publication_id == publication_id:
            held = held_keys([e for e in entries if e.number < publication.number], publication.county_code)
            return publication, packaged_rows(publication, package_inputs(store, entries, publication, every, held))
    for entry, told in stops(entries):
        if told.publication_id == publication_id and (before := _before(told, every)):
            county = replace(told, run_id=before[-1].run_id)
            return county, packaged_rows(county, _stop_inputs(store, entries, entry, before))
    return None


def refresh_warehouse(store: Store) -> None:
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


def _results(store: Store, publication: Publication, decisions: pa.Table, held: list[str]) -> tuple[Result, ...]:
    """Return what came of the county's referral lists, as the office named the traders; nothing of another product's batch."""
    vault = referral_vault(publication.run_id)
    if publication.product not in (None, PRODUCT) or not store.has_identities(vault):
        return ()
    listed = pq.read_table(io.BytesIO(store.open_identities(vault))).to_pylist()
    told = decisions.select(["household_key", "product", "decision", "limit_yuan"]).to_pylist()
    return tuple(results(listed, {row["household_key"]: row for row in told}, set(held)))


def _loaded_rows(run: Path, decisions: pa.Table, earlier: list[pa.Table]) -> pa.Table:
    """Return the lines that the bank had granted to households which no publication decided yet: kept ones are no new ones."""
    lines = _table_of(run / "lines_before.parquet")
    if lines is None:
        return decisions.slice(0, 0)
    connection = query_cursor()
    connection.register("decisions", decisions)
    connection.register("lines", lines)
    known = pa.concat_tables([decisions.slice(0, 0), *earlier], promote_options="default").select(["household_key"])
    connection.register("known", known)
    query = """
        SELECT d.* REPLACE (l.product AS product, 'granted' AS decision, l.limit_yuan AS limit_yuan, l.valid_from AS valid_from, l.valid_to AS valid_to)
        FROM decisions AS d JOIN lines AS l USING (household_key) ANTI JOIN known USING (household_key) WHERE NOT l.is_own"""
    return connection.sql(query).to_arrow_table().cast(decisions.schema)


def _table_of(path: Path) -> pa.Table | None:
    """Read a run's table; None of a run that was sealed before there was such a table."""
    return pq.read_table(path) if path.is_file() else None


def _stop_inputs(store: Store, entries: list[Entry], entry: Entry, before: list[Publication]) -> PackageInputs:
    """Gather what a branch is told of one household that is held, or released: what is in force for it, stopped or not.

    A review has no limit to go on with: then a release waits for the next publication.
    """
    key = entry.details["household_key"]
    said = branch_limits([e for e in entries if e.number < entry.number])
    rows = pa.concat_tables([_rows_of(store, p, before, key, said) for p in before], promote_options="default")
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
    store: Store, publication: Publication, beside: list[Publication], said: dict[PublishedLine, BranchLimit]
) -> pa.Table:
    """Return the decisions that a publication has in force, with the limits that branches set.

    Those of a product's own, else all but those of other products.
    """
    decisions = pq.read_table(store.require_run(publication.run_id) / "decisions.parquet")
    if here := [limit for limit in said.values() if limit.publication_id == publication.publication_id]:
        connection = query_cursor()
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
    store: Store, publication: Publication, beside: list[Publication], key: str, said: dict[PublishedLine, BranchLimit]
) -> pa.Table:
    """Return one household's decision that a publication has in force, with the limit that its branch set."""
    rows = _in_force_rows(store, publication, beside, said)
    return rows.filter(pc.equal(rows.column("household_key"), key))


def _borrowers(store: Store, found: list[Publication]) -> pa.Table:
    """Return one identity a household from vaults: of the first publication that knows its borrower's number."""
    connection = query_cursor()
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
