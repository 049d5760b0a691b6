"""Declare relief for an area and a time, and give scorings what was declared; proofs may come at any later day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.reasons import ROW_REASONS
from data_contracts.relief import (
    PROOF_HEADERS,
    DeclarationRefused,
    ReliefDeclaration,
    read_declaration,
)
from village_credit.decide.decide import SAID, Decided
from village_credit.decide.policy import PolicyInForce
from village_credit.errors import MissingInput, UsageError
from village_credit.extract.grid import DeliveredFile, Grid
from village_credit.extract.read import read_grids
from village_credit.publish.ledger import Entry, append, in_force, read_ledger
from village_credit.publish.relief import RELIEF, Standing, standing_relief
from village_credit.publish.store import Store, sha256_of
from village_credit.publish.warehouse import build_warehouse
from village_credit.relief.apply import PROOFS, Allowed, Relieved, declared_table, relief_rows, relieve
from village_credit.relief.conditions import Waiting, conditions_after, waiting_on
from village_credit.run import Intake
from village_credit.signed import signer
from village_credit.validate.identity import VALID, VALID_15, completed, id_status
from village_credit.validate.normalise import half_width

ENCODING = "utf-8"


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
        details = {"declaration": declaration.model_dump(mode="json", by_alias=True), "proofs": hashes, "proof_rows": len(good), "refused_rows": len(refused)}  # fmt: skip
        append(store.root / "ledger", RELIEF, by, "", details)
        build_warehouse(store)
    households, limits = _in_force_there(store, entries, declaration)
    return Declared(
        declaration.document, declaration.counties(), declaration.from_.isoformat(), declaration.to.isoformat(), len(good), refused, households, limits, noop,
    )  # fmt: skip


def _read(path: Path) -> ReliefDeclaration:
    try:
        return read_declaration(_bytes(path, "declaration").decode(ENCODING))
    except (DeclarationRefused, UnicodeDecodeError) as refusal:
        raise UsageError(f"declaration {path.name}: {refusal}") from None


def _bytes(path: Path, what: str) -> bytes:
    if not path.is_file():
        raise MissingInput(f"{what} file {path.name} is missing")
    return path.read_bytes()


def _is_known(entries: list[Entry], declaration: ReliefDeclaration, hashes: list[str]) -> bool:
    """Say whether nothing new is declared."""
    county = declaration.counties()[0]
    return any(
        standing.declaration == declaration and set(hashes) <= set(standing.proofs)
        for standing in standing_relief(entries, county)
    )


def read_proofs(content: bytes) -> tuple[list[tuple[str, str, str]], list[tuple[int, str]]]:
    """Read proofs: ID number, loan number, proof number of each good row; line and reason of each other one.

    Raises UsageError where no table of the file has the three headers.
    """
    file = DeliveredFile("proofs", content, sha256_of(content))
    for grid in read_grids(file):
        columns = _columns(grid) if isinstance(grid, Grid) else None
        if isinstance(grid, Grid) and columns:
            return _rows(grid, *columns)
    raise UsageError(f"proofs: no table has the headers {'、'.join(PROOF_HEADERS)}")


def _columns(grid: Grid) -> tuple[int, list[int]] | None:
    """Find the header's row and the three columns."""
    for index, row in enumerate(grid.cells):
        cells = [_cell(cell).rstrip("*") for cell in row]
        if set(PROOF_HEADERS) <= set(cells):
            return index, [cells.index(header) for header in PROOF_HEADERS]
    return None


def _rows(
    grid: Grid, header: int, columns: list[int]
) -> tuple[list[tuple[str, str, str]], list[tuple[int, str]]]:
    good: list[tuple[str, str, str]] = []
    refused = [(line, ROW_REASONS.get(code, code)) for line, code in grid.condemned]
    for row, line in zip(grid.cells[header + 1 :], grid.starts[header + 1 :], strict=True):
        cells = [_cell(row[place]) if place < len(row) else "" for place in columns]
        if not any(cells):
            continue
        number, loan, proof = cells[0].upper(), cells[1], cells[2]
        status = id_status(number or None)
        if not (number and loan and proof):
            refused.append((line, ROW_REASONS["REQUIRED_EMPTY"]))
        elif status not in (VALID, VALID_15):
            refused.append((line, ROW_REASONS["ID_CHECK_DIGIT"]))
        else:
            good.append((completed(number) if status == VALID_15 else number, loan, proof))
    return list(dict.fromkeys(good)), sorted(refused)


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


def read_declared(paths: list[Path]) -> tuple[pa.Table, pa.Table, list[str]]:
    """Give the declarations of TOML files, the proofs of the CSV files beside them, and all their hashes."""
    declarations, rows, hashes = [], [], []
    for path in paths:
        declarations.append(_read(path))
        hashes.append(sha256_of(path.read_bytes()))
        if path.with_suffix(".csv").is_file():
            content = path.with_suffix(".csv").read_bytes()
            hashes.append(sha256_of(content))
            rows += _proof_rows(declarations[-1].document, content)
    return declared_table(declarations), pa.Table.from_pylist(rows, schema=PROOFS), hashes


def _proof_rows(document: str, content: bytes) -> list[dict[str, str]]:
    return [{"document": document, "person_id": number, "loan_number": loan, "proof": proof} for number, loan, proof in read_proofs(content)[0]]  # fmt: skip


def declared_for(store: Store, standing: list[Standing]) -> tuple[pa.Table, pa.Table]:
    """Give a county's declarations and their proofs as `relieve` reads them; numbers stay in memory."""
    rows = [
        row
        for one in standing
        for digest in one.proofs
        for row in _proof_rows(one.declaration.document, store.thaw(digest))
    ]
    return declared_table(one.declaration for one in standing), pa.Table.from_pylist(rows, schema=PROOFS)


def allowed_by(policy: PolicyInForce) -> Allowed:
    """Give what a county's policy lets relief do on a day; a measure without its figure is not allowed."""
    rules = policy.policy.relief
    figures = {name: policy.policy.find(name, policy.as_of, county=policy.county_code) for name in ("relief_extension_months", "relief_rate_cut_bp")}  # fmt: skip
    needed = {"extension": "relief_extension_months", "rate_cut": "relief_rate_cut_bp"}
    values = {name: 0 if figure is None else int(figure.value) for name, figure in figures.items()}
    measures = tuple(m for m in rules.measures if m not in needed or values[needed[m]] > 0)
    return Allowed(
        rules.conduct_list_reasons, measures, values["relief_extension_months"], values["relief_rate_cut_bp"]
    )


@dataclass(frozen=True)
class Relief:
    """What relief comes to in one scoring, by unit_code: facts as they count, and what is stored of it."""

    relieved: Relieved
    waiting: Waiting
    before: pa.Table

    @property
    def facts(self) -> dict[str, pa.Table]:
        """Give the facts with what `decide` must know of relief."""
        noted = [
            (unit, code)
            for table, code in ((self.relieved.excused, "CONDUCT_EXCUSED"), (self.relieved.lifted, "LISTING_LIFTED"))
            for unit in table.column("unit_code").to_pylist()
        ]  # fmt: skip
        return {
            **self.relieved.facts,
            "affected": self.relieved.affected,
            "waiting": self.waiting.waiting.select(["unit_code", "reason_code"]),
            "lapsed": self.waiting.lapsed,
            "noted": pa.table([[u for u, _ in noted], [c for _, c in noted]], schema=SAID["noted"]),
        }

    def tables(self, decided: Decided, as_of: date) -> dict[str, pa.Table]:
        """Give the run's tables of relief: windows, limits kept, measures offered, documents waited for."""
        units = decided.decisions.column("unit_code")
        return {
            "relief": _of(relief_rows(self.relieved), units),
            "relief_kept": decided.relief_kept,
            "relief_measures": _of(self.relieved.offers, units),
            "conditions": conditions_after(self.waiting.waiting, self.before, decided.decisions, as_of),
        }


def reckon_relief(
    store: Store, standing: list[Standing], intake: Intake, before: pa.Table, policy: PolicyInForce, as_of: date
) -> Relief:  # fmt: skip
    """Reckon a county's declarations into its facts; `before`: conditions as the last publication left them, by unit."""
    declared, proofs = declared_for(store, standing)
    relieved = relieve(intake.facts, intake.identities, declared, proofs, as_of, allowed_by(policy))
    items = [(item.reason, item.item, item.days) for item in policy.policy.relief.may_come_later]
    return Relief(relieved, waiting_on(relieved.windows, items, before, as_of), before)


def _of(table: pa.Table, units: pa.ChunkedArray) -> pa.Table:
    """Keep the rows of units that the run decides."""
    return table.filter(pc.is_in(table.column("unit_code"), units))


def _cell(text: str) -> str:
    return half_width(text).strip()
