"""Declare relief for an area and a time, and give scorings what was declared; proofs may come at any later day."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from data_contracts.relief import (
    ReliefDeclaration,
)
from village_credit.ingest.relief_proofs import _bytes, _read, read_proofs
from village_credit.ledger.log import Entry, append, read_ledger
from village_credit.ledger.publications import in_force
from village_credit.ledger.relief import RELIEF, relief_in_force
from village_credit.publish.warehouse import build_warehouse
from village_credit.signatures import signer
from village_credit.store.store import Store, sha256_of


@dataclass(frozen=True)
class Declared:
    """What was declared; `refused`: line and reason of proofs that could not be read; `households`, `limits_yuan`: of lines in force there."""

    document: str
    counties: list[str]
    starts_on: str
    ends_on: str
    proofs: int
    refused: list[tuple[int, str]]
    households: int
    limits_yuan: int
    noop: bool


def declare(store: Store, path: Path, by: str, proofs_path: Path | None = None) -> Declared:
    """Record a declaration (TOML) and its proofs (CSV or a workbook; default: the file of the same name beside it).

    The same document declared again replaces what was declared; proofs add up. Nothing is decided here: the next
    scoring of its counties uses it. Raises MissingInput where a file is absent, UsageError where one is unsound.
    """
    by = signer(by)
    declaration = _read(path)
    beside = path.with_suffix(".csv")
    found = proofs_path or (beside if beside.is_file() else None)
    content = _bytes(found, "proofs") if found else None
    good, refused = read_proofs(content) if content is not None else ([], [])
    hashes = [] if content is None or not good else [sha256_of(content)]
    if content is not None and good:
        store.freeze(content, hashes[0])
    entries = read_ledger(store.root / "ledger")
    noop = _is_known(entries, declaration, hashes)
    if not noop:
        details = {
            "declaration": declaration.model_dump(mode="json", by_alias=True),
            "proofs": hashes,
            "proof_rows": len(good),
            "refused_rows": len(refused),
        }
        append(store.root / "ledger", RELIEF, by, "", details)
        build_warehouse(store)
    households, limits = _in_force_there(store, entries, declaration)
    return Declared(
        declaration.document,
        declaration.counties(),
        declaration.from_.isoformat(),
        declaration.to.isoformat(),
        len(good),
        refused,
        households,
        limits,
        noop,
    )


def _is_known(entries: list[Entry], declaration: ReliefDeclaration, hashes: list[str]) -> bool:
    """Say whether nothing new is declared."""
    county = declaration.counties()[0]
    return any(
        standing.declaration == declaration and set(hashes) <= set(standing.proofs)
        for standing in relief_in_force(entries, county)
    )


def _in_force_there(store: Store, entries: list[Entry], declaration: ReliefDeclaration) -> tuple[int, int]:
    """Count the households with a limit in force in the area, and sum their limits; industries aside."""
    households = limits = 0
    query = """SELECT count(*), coalesce(sum(limit_yuan), 0)::BIGINT FROM read_parquet($path)
               WHERE limit_yuan > 0 AND EXISTS (SELECT 1 FROM unnest($areas) AS a(code) WHERE starts_with(village_code, a.code))"""
    for publication in in_force(entries):
        if publication.product is None and publication.county_code in declaration.counties():
            path = str(store.require_run(publication.run_id) / "decisions.parquet")
            values = {"path": path, "areas": list(declaration.area_codes)}
            ((count, total),) = duckdb.connect().execute(query, values).fetchall()
            households, limits = households + count, limits + total
    return households, limits
