"""A dbf table becomes rows of text, deleted records kept in their place.

Read by its published layout rather than a library: those at hand give live and deleted records apart,
so that a record's number, which the office needs, is lost.
"""

from __future__ import annotations

import itertools
import struct

import numpy as np

from village_credit.extract.grid import Grid

FIELD_BYTES = 32
HEADER_END = 0x0D
DELETED = 0x2A  # an asterisk before a deleted record


def is_dbf(content: bytes) -> bool:
    """Tell a dbf by its version byte, its date and a header that ends where it says."""
    if len(content) < 33 or content[0] not in (0x02, 0x03, 0x30, 0x31, 0x43, 0x83, 0x8B, 0xF5):
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

    Raises `ValueError` where the header contradicts itself.
    """
    (records,) = struct.unpack_from("<I", content, 4)
    header_length, record_length = struct.unpack_from("<HH", content, 8)
    names, widths = _fields(content, header_length)
    if 1 + sum(widths) != record_length:
        raise ValueError("the fields' widths do not fill a record: the header is damaged")
    room = (len(content) - header_length) // record_length
    present = min(records, room)
    grid = Grid(sheet=sheet, total_lines=present, has_fixed_header=True)
    grid.add(0, 0, names)
    if room != records:
        grid.notes.append(("UNREADABLE_FILE", f"dbf header promises {records} records, {room} are there"))
    body = np.frombuffer(content, dtype=np.uint8, count=present * record_length, offset=header_length)
    _add_records(grid, body.reshape(present, record_length), widths)
    return grid


def _fields(content: bytes, header_length: int) -> tuple[list[str], list[int]]:
    names, widths = [], []
    for at in range(32, header_length - FIELD_BYTES, FIELD_BYTES):
        if content[at] == HEADER_END:
            break
        names.append(content[at : at + 11].split(b"\0")[0].decode("gb18030"))
        widths.append(content[at + 16])
    return names, widths


def _add_records(grid: Grid, records: np.ndarray[tuple[int, int], np.dtype[np.uint8]], widths: list[int]) -> None:
    """Decode field by field; a record with an undecodable field is condemned, a deleted one stays blank."""
    encoding = _encoding(records)
    grid.encoding = encoding
    edges = np.cumsum([1, *widths]).tolist()
    for number, record in enumerate(records, start=1):
        raw = record.tobytes()
        if raw[0] == DELETED:
            grid.add(number, number, [])
            continue
        try:
            cells = [raw[a:b].rstrip(b" \0").decode(encoding) for a, b in itertools.pairwise(edges)]
        except UnicodeDecodeError:
            grid.condemned.append((number, "UNDECODABLE"))
            continue
        if any("\0" in cell for cell in cells):
            grid.condemned.append((number, "NUL_BYTE"))
            continue
        grid.add(number, number, cells)


def _encoding(records: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> str:
    """The language byte is often missing: UTF-8 if most records that are not ASCII decode as UTF-8."""
    good = bad = 0
    for record in records[:2000]:
        raw = record.tobytes()
        if raw.isascii():
            continue
        try:
            raw.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            bad += 1
    return "utf-8" if good > bad else "gb18030"
