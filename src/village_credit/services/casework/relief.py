"""Declare relief for an area and a time, and give scorings what was declared; proofs may come at any later day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from data_contracts.relief import ReliefDeclaration
from village_credit.duckdb_session import query_cursor
from village_credit.ingest.relief_proofs import _bytes, _read, read_proofs
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.ledger.log import Entry
from village_credit.ledger.relief import RELIEF, relief_in_force
from village_credit.publish.recording import record
from village_credit.signatures import signer
from village_credit.sql_files import sql
from village_credit.store.store import Store, sha256_of


@dataclass(frozen=True)
class Declared:
    """What was declared; `refused`: line and reason of proofs that could not be read.

    `households`, `limits_yuan`: of lines in force there.
    """

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
    ledger = Ledger.of(store)
    noop = _is_known(ledger, declaration, hashes)
    if not noop:
        details = {
            "declaration": declaration.model_dump(mode="json", by_alias=True),
            "proofs": hashes,
            "proof_rows": len(good),
            "refused_rows": len(refused),
        }
        record(store, RELIEF, by, "", details)
    households, limits = _in_force_there(store, ledger, declaration)
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


def _is_known(entries: Sequence[Entry], declaration: ReliefDeclaration, hashes: list[str]) -> bool:
    """Say whether nothing new is declared."""
    county = declaration.counties()[0]
    return any(
        standing.declaration == declaration and set(hashes) <= set(standing.proofs)
        for standing in relief_in_force(entries, county)
    )


def _in_force_there(store: Store, ledger: Ledger, declaration: ReliefDeclaration) -> tuple[int, int]:
    """Count the households with a limit in force in the area, and sum their limits; industries aside."""
    connection = query_cursor()
    lines = [lines_in_force(store, ledger, county_code) for county_code in declaration.counties()]
    connection.register("lines", pa.concat_tables(lines, promote_options="default"))
    values = {"areas": list(declaration.area_codes)}
    ((households, limits),) = connection.execute(sql("services.casework", "lines_in_areas"), values).fetchall()
    return households, limits
