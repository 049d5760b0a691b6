"""A declaration of relief and its proofs are read from files that people wrote."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from data_contracts.reasons import ROW_REASONS
from data_contracts.relief import PROOF_HEADERS, DeclarationRefused, ReliefDeclaration, read_declaration
from village_credit.errors import MissingInput, UsageError
from village_credit.extract.grid import DeliveredFile, Grid
from village_credit.extract.read import read_grids
from village_credit.relief.apply import PROOFS, declared_table
from village_credit.store.store import sha256_of
from village_credit.validate.identity import VALID, VALID_15, completed, id_status
from village_credit.validate.normalise import half_width

ENCODING = "utf-8"


def _read(path: Path) -> ReliefDeclaration:
    try:
        return read_declaration(_bytes(path, "declaration").decode(ENCODING))
    except (DeclarationRefused, UnicodeDecodeError) as refusal:
        raise UsageError(f"declaration {path.name}: {refusal}") from None


def _bytes(path: Path, what: str) -> bytes:
    if not path.is_file():
        raise MissingInput(f"{what} file {path.name} is missing")
    return path.read_bytes()


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
        if any(cells.count(header) > 1 for header in PROOF_HEADERS):
            raise UsageError("proofs: a header stands twice: keep the column that counts")
        if set(PROOF_HEADERS) <= set(cells):
            return index, [cells.index(header) for header in PROOF_HEADERS]
    return None


def _rows(grid: Grid, header: int, columns: list[int]) -> tuple[list[tuple[str, str, str]], list[tuple[int, str]]]:
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


def read_declared(paths: list[Path]) -> tuple[pa.Table, pa.Table, list[str]]:
    """Return the declarations of TOML files, the proofs of the CSV files beside them, and all their hashes."""
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
    return [
        {"document": document, "person_id": number, "loan_number": loan, "proof": proof}
        for number, loan, proof in read_proofs(content)[0]
    ]


def _cell(text: str) -> str:
    return half_width(text).strip()
