"""Publish an approved run: one ledger entry puts it in force, everything else is rebuilt from runs and ledger."""

from __future__ import annotations

import io
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.reasons import DECISION_REASONS
from village_credit.acts.sign import require_signature
from village_credit.errors import RunConflict
from village_credit.publish.ledger import Entry, Publication, append, in_force, publications, read_ledger
from village_credit.publish.package import PackageInputs, drop_unfinished, is_packed, outbox_folder, pack
from village_credit.publish.store import Store
from village_credit.publish.warehouse import build_warehouse, is_current


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
            lambda found: _may_publish(
                found, run_id, manifest["county_code"], manifest["as_of"], manifest["product"]
            ),
        )
    heal(store)
    publication = next(p for p in publications(read_ledger(ledger)) if p.run_id == run_id)
    return Published(
        publication.publication_id,
        run_id,
        publication.county_code,
        current is not None,
        str(outbox_folder(store, publication)),
    )


def _may_publish(
    entries: list[Entry], run_id: str, county_code: str, as_of: str, product: str | None
) -> None:
    """A run never replaces one of a later day; a product's run needs a whole run to stand beside."""
    mine = [p for p in publications(entries) if p.county_code == county_code]
    later = [p for p in mine if p.as_of > as_of]
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


def heal(store: Store) -> None:
    """Finish what a crash may have left: packages of publications without READY, and an old warehouse."""
    entries = read_ledger(store.root / "ledger")
    every = publications(entries)
    for publication in every:
        if not is_packed(store, publication):
            drop_unfinished(store, publication)
            pack(store, publication, package_inputs(store, publication, every))
    heal_warehouse(store)


def heal_warehouse(store: Store) -> None:
    """Rebuild the analysts' views where the ledger went on without them, or the store was moved."""
    if not is_current(store):
        build_warehouse(store)


def package_inputs(store: Store, publication: Publication, every: list[Publication]) -> PackageInputs:
    """Gather a publication's tables: its run, what was in force before, and who the borrowers are."""
    before = _before(publication, every)
    run = store.require_run(publication.run_id)
    decisions = pq.read_table(run / "decisions.parquet")
    earlier = [pq.read_table(store.require_run(p.run_id) / "decisions.parquet") for p in before]
    identities = [_identities(store, p.run_id) for p in (publication, *before)]
    connection = duckdb.connect()
    connection.register("identities", pa.concat_tables(identities))
    kept = connection.sql(
        "SELECT * EXCLUDE (place) FROM (SELECT *, row_number() OVER (PARTITION BY household_key ORDER BY rank) AS place FROM identities) WHERE place = 1"
    )
    return PackageInputs(
        decisions,
        pa.concat_tables(earlier, promote_options="default") if earlier else decisions.slice(0, 0),
        kept.to_arrow_table(),
        pq.read_table(run / "branches.parquet"),
        dict(DECISION_REASONS),
    )


def _before(publication: Publication, every: list[Publication]) -> list[Publication]:
    """What was in force for the county when this was published; for a product's run, that product's."""
    earlier = [p for p in every if p.number < publication.number and p.county_code == publication.county_code]
    whole = [p for p in earlier if p.product is None][-1:]
    products = [p for p in earlier if p.product is not None and (not whole or p.number > whole[0].number)]
    return (whole + products)[::-1]


def _identities(store: Store, run_id: str) -> pa.Table:
    table = pq.read_table(io.BytesIO(store.open_identities(run_id)))
    return table.append_column(
        "rank",
        pa.array([0 if i is not None else 1 for i in table.column("person_id").to_pylist()], pa.int64()),
    )
