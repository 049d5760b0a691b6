"""A dbf table becomes rows of text, deleted records kept in their place.

Read by its published layout rather than a library: those at hand give live and deleted records apart,
so that a record's number, which the office needs, is lost.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.spoilt import UNNAMED_ERROR
from village_credit.extract.grid import Grid
from village_credit.extract.guard import Damaged
from village_credit.extract.text_rows import TextRows
from village_credit.extract.workbooks import cell_text

FIELD_BYTES = 32
HEADER_END = 0x0D
DELETED = 0x2A  # an asterisk before a deleted record
FOXPRO = (0x30, 0x31, 0x32)
DBASE_7 = (0x04, 0x8C)
VERSIONS = (0x02, 0x03, *FOXPRO, *DBASE_7, 0x43, 0x63, 0x83, 0x8B, 0xCB, 0xF5, 0xFB)
NULLABLE = 0x02  # of a FoxPro field's flags
NULL_FLAGS = "0"  # the type of FoxPro's hidden column: which cells are null, which texts end early
JULIAN_EPOCH = 1721425  # the day before 1 January of the year 1
BINARY_WIDTHS = {"I": 4, "B": 8, "Y": 8, "T": 8}
ELSEWHERE = "MGPW"  # memos and pictures: the record holds where in another file, and that is not delivered
SAVE_AS = "save the table as xlsx, or as dBase III, and deliver that"

Reader = Callable[[bytes], str]
Records = np.ndarray[Any, np.dtype[np.uint8]]  # a row a record, a column a byte
PART_RECORDS = 16_384  # whose fields are text of Python's at once
_IS_DIGIT = np.isin(np.arange(256), list(b"0123456789.-+ *"))


@dataclass(frozen=True)
class Field:
    """One column: its type byte, its width, and its bits among FoxPro's null flags (-1: none)."""

    name: str
    kind: str
    begin: int
    end: int
    ends_early_bit: int = -1
    null_bit: int = -1


def is_dbf(content: bytes) -> bool:
    """Tell a dbf by its version byte, its date and a header that ends where it says."""
    if len(content) < 33 or content[0] not in VERSIONS:
        return False
    header_length, record_length = struct.unpack_from("<HH", content, 8)
    has_date = content[2] <= 12 and content[3] <= 31
    return (
        has_date
        and record_length > 1
        and 33 <= header_length <= len(content)
        and HEADER_END in content[32:header_length]
    )


def read_dbf(content: bytes, sheet: str = "") -> Grid:
    """Read every record as text cells; row 0 of the grid is the field names, line 0 (no physical line).

    Raises `Damaged` where the header contradicts itself, or a column is of a type that nobody can tell.
    """
    if content[0] in DBASE_7:
        raise Damaged(f"a dBase 7 table: {SAVE_AS}", "FORMAT_NOT_READ")
    records = promised_records(content)
    header_length, record_length = struct.unpack_from("<HH", content, 8)
    fields = _fields(content, header_length, record_length)
    room = (len(content) - header_length) // record_length
    present = min(records, room)
    table = np.frombuffer(content, np.uint8, present * record_length, header_length).reshape(present, record_length)
    grid = _grid(sheet, table, fields, is_foxpro=content[0] in FOXPRO)
    if room != records:
        grid.notes.append(("UNREADABLE_FILE", f"dbf header promises {records} records, {room} are there"))
    return grid


def _grid(sheet: str, table: Records, fields: list[Field], *, is_foxpro: bool) -> Grid:
    """Read column by column: a text that cannot be decoded is broken, a deleted record stays blank."""
    shown = [field for field in fields if field.kind != NULL_FLAGS]
    flags = next((field for field in fields if field.kind == NULL_FLAGS), None)
    is_deleted = table[:, 0] == DELETED
    live = table[~is_deleted]
    encoding = _encoding(table, [field for field in shown if field.kind in "CV"])
    columns = [_Column(field, live, flags, _reader(field.kind, encoding, is_foxpro=is_foxpro)) for field in shown]
    cells = [column.texts(encoding) for column in columns]
    places = np.flatnonzero(~is_deleted) + 1
    odd = {0: [field.name for field in shown], **{place: [] for place in (np.flatnonzero(is_deleted) + 1).tolist()}}
    grid = Grid(sheet, len(table), TextRows(cells, places, odd), encoding=encoding, has_fixed_header=True)
    grid.starts, grid.ends = list(range(len(table) + 1)), list(range(len(table) + 1))
    for at, column in enumerate(columns):
        grid.broken.update({(int(places[row]), at): code for row, code in column.broken.items()})
    return grid


class _Column:
    """One field of the live records."""

    def __init__(self, field: Field, live: Records, flags: Field | None, read: Reader) -> None:
        self.field, self.flags, self.read, self.live = field, flags, read, live
        self.content = live[:, field.begin : field.end]
        self.broken: dict[int, str] = {}

    def texts(self, encoding: str) -> pa.StringArray:
        """Return the cells as text: at once where the field is plain and nothing is wrong, else one by one."""
        parts = [self._part(begin, encoding) for begin in range(0, len(self.live), PART_RECORDS)]
        return pa.chunked_array(parts, pa.string()).combine_chunks() if parts else pa.array([], pa.string())

    def _part(self, begin: int, encoding: str) -> pa.StringArray:
        content, found = self.content[begin : begin + PART_RECORDS], None
        if self.flags is None and self.field.kind in "CVD":
            found = _padded_texts(content, encoding)
        elif self.flags is None and self.field.kind in "NF":
            found = _padded_numbers(content)
        if found is not None:
            return found
        return pa.array((self._cell(row) for row in range(begin, begin + len(content))), pa.string())

    def _cell(self, row: int) -> str:
        raw = self.content[row].tobytes()
        if self.flags is not None:
            bits = int.from_bytes(self.live[row, self.flags.begin : self.flags.end].tobytes(), "little")
            raw = _present_bytes(self.field, raw, bits)
        try:
            return self.read(raw)
        except _Broken as broken:
            self.broken[row] = broken.code
            return ""


def _padded_texts(content: Records, encoding: str) -> pa.StringArray | None:
    """Decode a column of texts that blanks fill up; None where one of them is not plain or cannot be decoded."""
    if not content.size or (content == 0).any() or (content == ord("\n")).any():
        return None
    lines = np.concatenate([content, np.full((len(content), 1), ord("\n"), np.uint8)], axis=1).tobytes()
    try:
        text = lines.decode(encoding).encode()
    except UnicodeDecodeError:
        return None
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
    bounds = np.concatenate([[0], ends + 1]).astype(np.int32)
    whole = pa.StringArray.from_buffers(len(content), pa.py_buffer(bounds), pa.py_buffer(text))
    return pc.utf8_rtrim(whole, characters=" \n")


def _padded_numbers(content: Records) -> pa.StringArray | None:
    """Read a column of numbers in digits as `_number` does; None where anything else stands in it."""
    if not _IS_DIGIT[content].all() or (found := _padded_texts(content, "ascii")) is None:
        return None
    found = pc.utf8_ltrim(found, characters=" ")
    return pc.if_else(pc.match_substring_regex(found, r"^\*+$"), UNNAMED_ERROR, found)


def field_names(content: bytes) -> list[str]:
    """Return the names of a table's columns, and nothing of its records; raises `Damaged`."""
    if not is_dbf(content) or content[0] in DBASE_7:
        raise Damaged(f"no dBase III or FoxPro table: {SAVE_AS}", "FORMAT_NOT_READ")
    return [field.name for field in _fields(content, *struct.unpack_from("<HH", content, 8))]


def promised_records(content: bytes) -> int:
    """Return how many records a table's header promises, deleted ones counted."""
    return int(struct.unpack_from("<I", content, 4)[0])


def _fields(content: bytes, header_length: int, record_length: int) -> list[Field]:
    described = []
    for at in range(32, header_length - FIELD_BYTES, FIELD_BYTES):
        if content[at] == HEADER_END:
            break
        described.append(content[at : at + FIELD_BYTES])
    names = _names([field[:11].split(b"\0")[0] for field in described])
    widths = [field[16] for field in described]
    if 1 + sum(widths) != record_length:  # a text of more than 255 characters says the rest where others say decimals
        widths = [field[16] + 256 * field[17] * (field[11:12] == b"C") for field in described]
    if 1 + sum(widths) != record_length:
        raise Damaged("the fields' widths do not fill a record: the header is damaged, deliver it again")
    return _placed(described, names, widths, is_foxpro=content[0] in FOXPRO)


def _placed(described: list[bytes], names: list[str], widths: list[int], *, is_foxpro: bool) -> list[Field]:
    fields: list[Field] = []
    at, bit = 1, 0
    for field, name, width in zip(described, names, widths, strict=True):
        kind = chr(field[11])
        early = bit if is_foxpro and kind in "VQ" else -1
        bit += early >= 0
        null = bit if is_foxpro and field[18] & NULLABLE else -1
        bit += null >= 0
        _require_known(kind, name, width, is_foxpro=is_foxpro)
        fields.append(Field(name, kind, at, at + width, early, null))
        at += width
    return fields


def _require_known(kind: str, name: str, width: int, *, is_foxpro: bool) -> None:
    known = "CNFDLMGP0" + ("IBYTVQW" if is_foxpro else "BI@O+V")
    if kind not in known or (is_foxpro and BINARY_WIDTHS.get(kind, width) != width):
        what = f"column {name} is of type {kind!a} and {width} bytes, which is not known"
        raise Damaged(f"{what}: {SAVE_AS}", "FORMAT_NOT_READ")


def _names(raw: list[bytes]) -> list[str]:
    """Decode the columns' names: UTF-8 where all are, a letter that the tenth byte cut aside; else GB18030."""
    texts = [_cut_utf8(name) for name in raw]
    if all(text is not None for text in texts) and not all(name.isascii() for name in raw):
        return [text or "" for text in texts]
    return [name.decode("gb18030", "ignore") for name in raw]


def _cut_utf8(name: bytes) -> str | None:
    for cut in range(3 if len(name) >= 9 else 1):
        try:
            return name[: len(name) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
    return None


class _Broken(Exception):
    """A text that cannot be read: its reason's code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _present_bytes(field: Field, content: bytes, bits: int) -> bytes:
    """Return a field's bytes, none where it is null; a text that ends early says its length in its last byte."""
    if field.null_bit >= 0 and bits >> field.null_bit & 1:
        return b""
    if field.ends_early_bit >= 0 and bits >> field.ends_early_bit & 1:
        return content[: content[-1]]
    return content


def _reader(kind: str, encoding: str, *, is_foxpro: bool) -> Reader:
    """Return what makes text of a field's bytes, by its type byte."""
    if is_foxpro and kind in _BINARY:
        return _BINARY[kind]
    if kind in _PLAIN:
        return _PLAIN[kind]
    return lambda raw: _text(raw, encoding)


def _text(raw: bytes, encoding: str) -> str:
    try:
        text = raw.rstrip(b" \0").decode(encoding)
    except UnicodeDecodeError:
        raise _Broken("UNDECODABLE") from None
    if "\0" in text:
        raise _Broken("NUL_BYTE")
    return text


def _number(raw: bytes) -> str:
    """Return a number of digits; a column too narrow for its number is full of asterisks."""
    text = _text(raw, "latin-1").strip()
    return UNNAMED_ERROR if text and not text.strip("*") else text


def _logical(raw: bytes) -> str:
    """Return a logical value; a question mark is one that nobody entered."""
    mark = raw[:1].upper()
    return "T" if mark in (b"T", b"Y") else "F" if mark in (b"F", b"N") else ""


def _integer(raw: bytes) -> str:
    return str(int.from_bytes(raw, "little", signed=True)) if raw else ""


def _double(raw: bytes) -> str:
    return cell_text(struct.unpack("<d", raw)[0]) if raw else ""


def _money(raw: bytes) -> str:
    """Return a currency value: an integer of ten-thousandths."""
    return format(Decimal(int.from_bytes(raw, "little", signed=True)).scaleb(-4).normalize(), "f") if raw else ""


def _moment(raw: bytes) -> str:
    """Return a day and time: a Julian day and milliseconds, both 0 where nothing was entered."""
    if not raw.strip(b"\0 "):
        return ""
    days, milliseconds = struct.unpack("<ii", raw)
    if not 0 < days - JULIAN_EPOCH < date.max.toordinal():
        return UNNAMED_ERROR
    day = datetime.fromordinal(days - JULIAN_EPOCH)
    return cell_text(day + timedelta(seconds=round(milliseconds / 1000)))


def _elsewhere(raw: bytes) -> str:
    """Return an error where a text lies in another file: blank would say that nothing was written."""
    return UNNAMED_ERROR if raw.strip(b"\0 ") else ""


_PLAIN = {"N": _number, "F": _number, "L": _logical, **dict.fromkeys(ELSEWHERE + "B@O+IQ", _elsewhere)}
_BINARY = {"I": _integer, "B": _double, "Y": _money, "T": _moment, **dict.fromkeys(ELSEWHERE + "Q", _elsewhere)}


def _encoding(table: Records, texts: list[Field]) -> str:
    """The language byte is often missing: UTF-8 if most records that are not ASCII decode as UTF-8."""
    good = bad = 0
    for record in table[:2000]:
        raw = b" ".join(record[field.begin : field.end].tobytes() for field in texts)
        if raw.isascii():
            continue
        try:
            raw.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            bad += 1
    return "utf-8" if good > bad else "gb18030"
