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
from village_credit.texts import texts_of
from village_credit.validate import identity
from village_credit.validate.normalise import normalise_column

_NUMBER = re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])")
UNUSABLE = (identity.MALFORMED, identity.UNRECOVERABLE, identity.EMPTY)
REGISTERS = ("land_member", "land_contractor")
NAMES = ("person_name", "borrower_name", "member_name", "contractor_name")


def unread_rows(extract: Extract, accepted_lines: pa.Array) -> pa.Table:
    """Return UNREAD of an extract's rows that were not accepted; none of a contract that stands against nobody."""
    if extract.contract not in (*ADVERSE, *REGISTERS):
        return UNREAD.empty_table()
    rows = extract.rows.filter(pc.invert(pc.is_in(extract.rows.column("line_number"), accepted_lines)))
    if not rows.num_rows:
        return UNREAD.empty_table()
    cells = {
        spec.name: normalise_column(spec, texts_of(rows.column(spec.name)))[0].of_rows()
        for spec in field_specs(extract.contract)
        if spec.name in rows.column_names and spec.kind in (Kind.ID, Kind.NAME, Kind.CODE)
    }
    numbers = cells.get("id_number", pa.nulls(rows.num_rows, pa.string())).to_pylist()
    cells["id_number"] = pa.array(
        [
            number if identity.id_status(number) not in UNUSABLE else _shifted(row) or number
            for number, row in zip(numbers, rows.to_pylist(), strict=True)
        ],
        pa.string(),
    )
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
    found: list[str | None] = []
    lines: list[int] = []
    for line, _ in extract.condemned:
        numbers: list[str | None] = [*_whole_numbers(extract.bare.get(line, ""))] or [None]
        found += numbers
        lines += [line] * len(numbers)
    return _told(
        extract.contract, {"id_number": pa.array(found, pa.string())}, pa.chunked_array([pa.array(lines, pa.int32())])
    )


def _told(contract: str, cells: dict[str, pa.Array], lines: pa.ChunkedArray) -> pa.Table:
    """Lay out whom rows name, on which lines of their table, whose number is 0 until it is among others."""
    count = len(lines)
    nothing = pa.nulls(count, pa.string())
    numbers = cells.get("id_number", nothing)
    statuses = identity.as_a_column(numbers, pc.fill_null(identity.statuses_of(numbers), identity.EMPTY))
    columns = {
        "contract": pa.repeat(contract, count),
        "name": next((cells[name] for name in NAMES if name in cells), nothing),
        "id_number": numbers,
        "id_status": statuses,
        "person_id": list(map(identity.whole, numbers.to_pylist(), statuses.to_pylist())),
        "contractor_code": cells.get("contractor_code", nothing),
        "source_id": pa.repeat(pa.scalar(0, pa.int64()), count),
        "line_number": lines,
    }
    return pa.table(columns, schema=UNREAD)
