"""Quarantined rows that may stand against somebody: whom they name, as far as that can be read.

A debt, listing or objection whose row breaks its contract counts nowhere; its person must not be judged as if it did
not exist. A quarantined member of a register is kept too: an entry may speak of him whom the roster then lacks.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.fields import Kind
from data_contracts.registry import ADVERSE, field_specs
from village_credit.extract.grid import Extract
from village_credit.link.unread import UNREAD
from village_credit.validate import identity
from village_credit.validate.normalise import Cells, normalise_column

_NUMBER = re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])")
UNUSABLE = (identity.MALFORMED, identity.UNRECOVERABLE, identity.EMPTY)
REGISTERS = ("land_member", "land_contractor")
NAMES = ("person_name", "borrower_name", "member_name", "contractor_name")


def unread_rows(extract: Extract, accepted_lines: set[int]) -> pa.Table:
    """Return UNREAD of an extract's rows that were not accepted; none of a contract that stands against nobody."""
    if extract.contract not in (*ADVERSE, *REGISTERS):
        return UNREAD.empty_table()
    accepted = pa.array(sorted(accepted_lines), pa.int32())
    rows = extract.rows.filter(pc.invert(pc.is_in(extract.rows.column("line_number"), accepted)))
    cells = {
        spec.name: normalise_column(spec, rows.column(spec.name).to_pylist())[0]
        for spec in field_specs(extract.contract)
        if spec.name in rows.column_names and spec.kind in (Kind.ID, Kind.NAME, Kind.CODE)
    }
    numbers = cells.get("id_number", [None] * rows.num_rows)
    cells["id_number"] = [
        number if identity.id_status(number) not in UNUSABLE else _shifted(row) or number
        for number, row in zip(numbers, rows.to_pylist(), strict=True)
    ]
    return _told(extract.contract, cells, rows.column("line_number"))


def _shifted(row: dict[str, object]) -> str | None:
    """Return a whole number that stands in another column of a row: its cells may be shifted."""
    found = _whole_numbers(" ".join(str(cell) for cell in row.values()))
    return found[0] if len(set(found)) == 1 else None


def _whole_numbers(text: str) -> list[str]:
    numbers = [number.upper() for number in _NUMBER.findall(text)]
    return [number for number in numbers if identity.id_status(number) == identity.VALID]


def bare_rows(extract: Extract) -> pa.Table:
    """Return UNREAD of the lines of an adverse extract that no contract judged: one row a whole number in them.

    A line without one is a row that names nobody.
    """
    if extract.contract not in ADVERSE:
        return UNREAD.empty_table()
    found: Cells = []
    lines: list[int] = []
    for line, _ in extract.condemned:
        numbers: Cells = [*_whole_numbers(extract.bare.get(line, ""))] or [None]
        found += numbers
        lines += [line] * len(numbers)
    return _told(extract.contract, {"id_number": found}, pa.chunked_array([pa.array(lines, pa.int32())]))


def _told(contract: str, cells: dict[str, Cells], lines: pa.ChunkedArray) -> pa.Table:
    """Lay out whom rows name, on which lines of their table, whose number is 0 until it is among others."""
    nothing: Cells = [None] * len(lines)
    numbers = cells.get("id_number", nothing)
    statuses = identity.as_a_column(numbers, [identity.id_status(number) for number in numbers])
    columns = {
        "contract": [contract] * len(nothing),
        "name": next((cells[name] for name in NAMES if name in cells), nothing),
        "id_number": numbers,
        "id_status": statuses,
        "person_id": list(map(identity.whole, numbers, statuses)),
        "contractor_code": cells.get("contractor_code", nothing),
        "source_id": [0] * len(nothing),
        "line_number": lines,
    }
    return pa.table(columns, schema=UNREAD)
