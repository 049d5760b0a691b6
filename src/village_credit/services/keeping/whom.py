"""A household's key, or ID numbers, become all that names these persons: from vault, register and what came back."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from village_credit.errors import MissingInput, UsageError, why_unread
from village_credit.extract.grid import Extract
from village_credit.extract.read import read_file
from village_credit.ledger.erasures import erased_households, left_of, thaw_what_is_left, tombstones
from village_credit.ledger.holds import stops
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lineage import IDENTITIES
from village_credit.ledger.returned import ACKNOWLEDGE, RECORD_USAGE, sealed_rows
from village_credit.link.people import PERSON_COLUMNS, REGISTER
from village_credit.policy.sections import PRODUCTS
from village_credit.pseudonyms import TRADER_MARK, household_ref, household_ref_before, row_key_hash
from village_credit.services.keeping.remainder import grids_of
from village_credit.services.keeping.wanted import Person, Wanted, folded, number_of
from village_credit.services.rules import load_terms
from village_credit.store.store import Store

Row = dict[str, Any]


def numbers_in(path: Path) -> list[str]:
    """Read ID numbers, one a line; raises UsageError where a line is none, naming the line and never the number."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MissingInput(f"the file of persons cannot be read ({why_unread(error)}); check path and rights") from None
    numbers = [(place, number_of(line)) for place, line in enumerate(lines, start=1) if line.strip()]
    if wrong := [f"{place}" for place, number in numbers if not number]:
        raise UsageError(f"the file of persons: line {', '.join(wrong)} is no ID number; write one a line, whole")
    if not numbers:
        raise UsageError("the file of persons is empty: write one ID number a line")
    return sorted({number for _, number in numbers})


def of_households(store: Store, ledger: Ledger, keys: Sequence[str], counties: Path | None) -> Wanted:
    """Gather whoever belongs to households, and other households of which one of them is the borrower.

    Raises MissingInput where no vault knows one of the households (any more).
    """
    vault = list(vault_rows(store))
    rows = [row for row in vault if row["household_key"] in keys]
    _require_known(ledger, set(keys) - {row["household_key"] for row in rows})
    units = sorted({row["unit_code"] for row in rows})
    codes = [unit.removeprefix(TRADER_MARK) for unit in units]
    registered = _registered(store, ledger, counties, lambda row: row["code"] in codes)
    persons = _persons([*_of_vault(rows), *registered])
    hashes = {value for row in rows for value in row["number_hashes"] or []}
    numbers = {person.number for person in persons if person.number}
    hashes |= {row_key_hash(store.keys, number) for number in numbers}
    borrowers = sorted({row["household_key"] for row in vault if row["person_id"] in numbers} - set(keys))
    cells = [*_references(store, ledger, units), *_contracts(store, ledger, keys)]
    return Wanted(persons, tuple(codes), (), tuple(cells), tuple(sorted(keys)), tuple(borrowers), tuple(sorted(hashes)))


def of_numbers(store: Store, ledger: Ledger, numbers: Sequence[str], counties: Path | None) -> Wanted:
    """Gather what names the persons of ID numbers, each by itself, whatever household they belong to."""
    hashes = {row_key_hash(store.keys, number) for number in numbers}
    rows = [row for row in vault_rows(store) if hashes & {*(row["number_hashes"] or [])} or row["person_id"] in numbers]
    borrowed = [row for row in rows if row["person_id"] in numbers]
    registered = _registered(store, ledger, counties, lambda row: row["number"] in numbers)
    known = [*_of_vault(borrowed), *registered, *({"number": number, "name": ""} for number in numbers)]
    near = {row["unit_code"] for row in rows} | {row["code"] for row in registered}
    borrowers = sorted({row["household_key"] for row in borrowed})
    units = sorted({row["unit_code"] for row in borrowed})
    cells = [*_references(store, ledger, units), *_contracts(store, ledger, borrowers)]
    plain = sorted(code.removeprefix(TRADER_MARK) for code in near if code)
    return Wanted(_persons(known), (), tuple(plain), tuple(cells), (), tuple(borrowers), tuple(sorted(hashes)))


def vault_rows(store: Store) -> Iterator[Row]:
    """Return the identities of every run that is in the vault, with its run_id."""
    for run_id in store.run_ids():
        if store.has_identities(run_id):
            table = pq.read_table(io.BytesIO(store.open_identities(run_id)), partitioning=None)
            names = [name for name in IDENTITIES.names if name in table.column_names]
            empty = dict.fromkeys(IDENTITIES.names) | {"run_id": run_id}
            yield from (empty | row for row in table.select(names).to_pylist())


def _require_known(ledger: Ledger, unknown: set[str]) -> None:
    gone = erased_households(ledger)
    for key in sorted(unknown):
        if key in gone:
            entry = gone[key]
            raise MissingInput(
                f"household {key}: its identity was erased by act {entry.number:,} already; to search the store for "
                f"its persons once more, or to erase what was delivered since, give --person-file"
            )
        raise MissingInput(
            f"household {key}: no vault of this store knows who it is; check the key, or give --person-file"
        )


def _of_vault(rows: Iterable[Row]) -> list[Row]:
    return [{"number": row["person_id"] or "", "name": row["name"] or ""} for row in rows]


def _persons(rows: Iterable[Row]) -> tuple[Person, ...]:
    """Put together what is known of each number; whoever has none stands by name."""
    names: dict[str, set[str]] = {}
    for row in rows:
        names.setdefault(row["number"] or f"?{folded(row['name'])}", set()).add(row["name"])
    found = {number: tuple(sorted(filter(None, given))) for number, given in names.items() if number != "?"}
    return tuple(Person("" if number[0] == "?" else number, given) for number, given in sorted(found.items()))


def _registered(store: Store, ledger: Ledger, counties: Path | None, is_one: Any) -> list[Row]:
    """Return the register's rows of whom it is asked: code, number, name; of every county and delivery that is left."""
    rows: list[Row] = []
    for file_name, sha256, county in _registers(store, ledger):
        file = thaw_what_is_left(store, ledger, file_name, sha256)
        terms, _ = load_terms(counties, county)
        tables = read_file(file, terms) if file else ()
        rows += [row for table in tables if isinstance(table, Extract) for row in _register_rows(table) if is_one(row)]
    return rows


def _registers(store: Store, ledger: Ledger) -> list[tuple[str, str, str]]:
    """Name the files of which a run said that they hold a land register: name, hash, county; each once."""
    found: dict[str, tuple[str, str, str]] = {}
    stones = tombstones(store, ledger)
    for run_id in store.run_ids():
        manifest = store.manifest(run_id)
        registers = {source["file_name"] for source in manifest["sources"] if source["contract"] in REGISTER}
        for item in manifest["inputs"]:
            left = left_of(stones, item["sha256"])
            if item["file_name"] in registers and left:
                found[left] = (item["file_name"], item["sha256"], manifest["county_code"])
    return sorted(found.values())


def _register_rows(table: Extract) -> Iterator[Row]:
    if table.contract not in REGISTER:
        return
    name = PERSON_COLUMNS[table.contract][0]
    for row in table.rows.to_pylist():
        number = number_of(row.get("id_number") or "")
        yield {"code": folded(row.get("contractor_code") or ""), "number": number, "name": row.get(name) or ""}


def _references(store: Store, ledger: Ledger, units: Sequence[str]) -> list[str]:
    """Return the names under which branches and the core system know units' lines, of every publication."""
    every = [*ledger.county_acts, *(told for _, told in stops(ledger))]
    asked = [(store.keys, told.publication_id, unit) for told in every for unit in units]
    named = [household_ref(*one, product) for one in asked for product in PRODUCTS]
    return sorted({*named, *(household_ref_before(*one) for one in asked)})


def _contracts(store: Store, ledger: Ledger, keys: Sequence[str]) -> list[str]:
    """Return the numbers of households' contracts and loans: the store keeps them hashed, the files as they came."""
    wanted = {
        row[name]
        for table, name in (("contracts", "contract_key"), ("draws", "loan_key"))
        for row in sealed_rows(store, ledger, table).to_pylist()
        if row["household_key"] in keys and row[name]
    }
    if not wanted:
        return []
    cells = {cell for sha256 in returned_files(store, ledger) for cell in _cells(store.thaw(sha256))}
    return sorted(cell for cell in cells if wanted & set(_hashes(store, cell)))


def returned_files(store: Store, ledger: Ledger) -> list[str]:
    """Name what came back from branches and the core system, as much as is left of it."""
    stones = tombstones(store, ledger)
    told = {e.details["file_sha256"] for e in ledger if e.act in (ACKNOWLEDGE, RECORD_USAGE)}
    left = {left_of(stones, sha256) for sha256 in told}
    return sorted(sha256 for sha256 in left if sha256 and (store.root / "frozen" / sha256).is_file())


def _cells(content: bytes) -> set[str]:
    return {
        unicodedata.normalize("NFKC", c).strip() for g in grids_of("", content) for row in g.cells for c in row if c
    }


def _hashes(store: Store, cell: str) -> list[str]:
    return [row_key_hash(store.keys, f"{kind}|{cell}") for kind in ("contract", "loan")]
