"""What the workbook library does not tell of an xls or xlsb, record by record: errors, uncalculated formulas, epoch."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from data_contracts.spoilt import UNCALCULATED, UNNAMED_ERROR
from village_credit.extract.guard import CUT, Damaged
from village_credit.extract.sheet_xml import Place

ERRORS = {  # MS-XLS 2.5.10 BErr
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
FORMULA, EOF, DATEMODE, FILEPASS, BOUNDSHEET, BOOLERR, BOF = 0x06, 0x0A, 0x22, 0x2F, 0x85, 0x205, 0x809
NUMBERLESS = 0xFFFF  # a formula's result that is no number
RESULT_ERROR, RESULT_BLANK = 2, 3
ALWAYS, ON_LOAD = 0x1, 0x2  # a library that calculates nothing asks for it when the workbook is opened
B_ROW, B_ERROR, B_FORMULA_ERROR, B_SHEET, B_PROPERTIES = 0, 3, 11, 156, 153


@dataclass
class BookFacts:
    """What a workbook holds beside its values."""

    is_1904: bool = False
    has_password: bool = False
    told: dict[str, dict[Place, str]] = field(default_factory=dict)  # by sheet


def xls_facts(stream: bytes) -> BookFacts:
    """Return the facts of a Workbook stream (BIFF8); raises `Damaged` where its records run out."""
    facts = BookFacts()
    starts: dict[str, int] = {}
    for kind, body in _records(stream, 0):
        if kind == FILEPASS:
            facts.has_password = True
            return facts
        if kind == DATEMODE:
            facts.is_1904 = body[:1] == b"\1"
        elif kind == BOUNDSHEET and len(body) >= 8:
            starts[_short_text(body[6:])] = int(struct.unpack_from("<I", body)[0])
    facts.told = {name: _spoilt(stream, start) for name, start in starts.items()}
    return facts


def _short_text(body: bytes) -> str:
    count, is_wide = body[0], body[1] & 1
    return body[2 : 2 + count * 2].decode("utf-16-le", "replace") if is_wide else body[2 : 2 + count].decode("latin-1")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Return the records of one part of a workbook, charts that lie within it left out."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + length]
        if len(body) < length:
            break
        at += 4 + length
        depth += (kind == BOF) - (kind == EOF)
        if depth == 1:
            yield kind, body
        if depth <= 0:
            return
    raise Damaged(CUT)


def _spoilt(stream: bytes, start: int) -> dict[Place, str]:
    """Return a sheet's errors and uncalculated formulas: a blank text is none where another formula has a result."""
    found: dict[Place, str] = {}
    blanks: dict[Place, str] = {}
    has_results = False
    for kind, body in _records(stream, start):
        if kind == BOOLERR and len(body) >= 8 and body[7]:
            found[struct.unpack_from("<HH", body)] = ERRORS.get(body[6], UNNAMED_ERROR)
        elif kind & 0xF9FF == FORMULA and len(body) >= 16:
            place, text = struct.unpack_from("<HH", body), _result(body)
            has_results = has_results or text is None
            if text is not None:
                (found if text else blanks)[place] = text or UNCALCULATED
    return found if has_results else {**found, **blanks}


def _result(body: bytes) -> str | None:
    """Return what is written for a formula's result, empty for a blank text, None where it has a value."""
    value, options = struct.unpack_from("<8sH", body, 6)
    if struct.unpack_from("<H", value, 6)[0] != NUMBERLESS:
        return UNCALCULATED if options & ON_LOAD and value == bytes(8) else None
    if value[0] == RESULT_ERROR:
        return ERRORS.get(value[2], UNNAMED_ERROR)
    if value[0] != RESULT_BLANK:
        return None
    return UNCALCULATED if options & (ALWAYS | ON_LOAD) else ""


def xlsb_sheets(book: bytes) -> tuple[dict[str, str], bool]:
    """Return the relation of each sheet of a workbook.bin, and whether its epoch is 1904."""
    sheets: dict[str, str] = {}
    is_1904 = False
    for kind, body in _wide_records(book):
        if kind == B_SHEET and len(body) >= 12:
            relation, rest = _wide_text(body[8:])
            sheets[_wide_text(rest)[0]] = relation
        elif kind == B_PROPERTIES:
            is_1904 = bool(body[:1]) and bool(body[0] & 1)
    return sheets, is_1904


def xlsb_spoilt(sheet: bytes) -> dict[Place, str]:
    """Return the error cells of a sheet's records; an uncalculated formula cannot be told from one that is 0."""
    found: dict[Place, str] = {}
    row = 0
    for kind, body in _wide_records(sheet):
        if kind == B_ROW and len(body) >= 4:
            (row,) = struct.unpack_from("<I", body)
        elif kind in (B_ERROR, B_FORMULA_ERROR) and len(body) >= 9:
            found[row, struct.unpack_from("<I", body)[0]] = ERRORS.get(body[8], UNNAMED_ERROR)
    return found


def _wide_text(body: bytes) -> tuple[str, bytes]:
    (count,) = struct.unpack_from("<I", body)
    return body[4 : 4 + count * 2].decode("utf-16-le", "replace"), body[4 + count * 2 :]


def _wide_records(part: bytes) -> Iterator[tuple[int, bytes]]:
    """Return the records of an xlsb part: type and length in seven bits a byte."""
    at = 0
    while at < len(part):
        kind, at = _varied(part, at, 2)
        length, at = _varied(part, at, 4)
        if at + length > len(part):
            raise Damaged(CUT)
        yield kind, part[at : at + length]
        at += length


def _varied(part: bytes, at: int, most: int) -> tuple[int, int]:
    """Return a number of at most so many bytes, and where the next begins; a type keeps its marks' bits apart."""
    number = 0
    for place in range(most):
        byte = part[at + place : at + place + 1]
        if not byte:
            raise Damaged(CUT)
        number |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return number, at + place + 1
    return number, at + most
