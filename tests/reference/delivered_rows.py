"""Delivered files read by plain means, line by line, and whether a line speaks of a household of the register."""

import csv
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import python_calamine

Line = list[str]
DELETED = b"*"
OLD = 15  # digits of a number of before 1999: no century, no check digit
LEFT = 13  # digits that a number has left at least where a workbook has made a double of it


def lines_of(path: Path) -> dict[tuple[str, int], Line]:
    """The cells of a file's lines by sheet and line number, the first line 1; of an archive by member."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            found = [(name, _table(name, archive.read(name))) for name in archive.namelist()]
    elif path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path, data_only=True)
        found = [(sheet.title, [list(row) for row in sheet.iter_rows(values_only=True)]) for sheet in book]
    elif path.suffix == ".xls":
        old = python_calamine.CalamineWorkbook.from_path(str(path))
        found = [(name, old.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in old.sheet_names]
    else:
        found = [("", _table(path.name, path.read_bytes()))]
    return {
        (sheet, number): [_text(cell) for cell in row] for sheet, rows in found for number, row in enumerate(rows, 1)
    }


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _table(name: str, data: bytes) -> list[Line]:
    if name.endswith(".dbf"):
        return list(_records(data))
    text = _decoded(data)
    mark = "\t" if "\t" in text.partition("\n")[0] else ","
    return [
        next(csv.reader([line], delimiter=mark), []) for line in text.split("\n")
    ]  # a lost quote ends with its line


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if data.startswith(b"\xef\xbb\xbf"):
        return data.decode("utf-8-sig", "replace")  # a line of another coding is one line nevertheless
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def _records(data: bytes) -> Iterator[Line]:
    """The records of a dBase table; a deleted one has its place and no cells."""
    count, start, size = struct.unpack("<IHH", data[4:12])
    widths = [data[at + 16] for at in range(32, start - 1, 32) if data[at] != 0x0D]
    for number in range(count):
        record, at, cells = data[start + number * size :][:size], 1, []
        for width in widths:
            cells.append(record[at : at + width].decode("gb18030").strip())
            at += width
        yield [] if record[:1] == DELETED else cells


def people_of_register(archive: Path) -> dict[str, list[tuple[str, str]]]:
    """Name and ID number of each contractor's members, by contractor code, as the land register has them."""
    with zipfile.ZipFile(archive) as opened:
        member_file = next(name for name in opened.namelist() if name.endswith("CBF_JTCY.dbf"))
        found: dict[str, list[tuple[str, str]]] = {}
        for code, name, _, _, number, *_ in filter(None, _records(opened.read(member_file))):
            found.setdefault(code, []).append((name, number))
    return found


def speaks_of(line: Line, unit: str, people: list[tuple[str, str]]) -> bool:
    """Whether a line has the household's contractor code, a member's number as far as told, or a member's name."""
    cells = [cell for cell in line if cell]
    numbers = [number for _, number in people if number]
    return (
        unit in cells
        or any(_may_be(cell, number) for cell in cells for number in numbers)
        or bool({_letters(cell) for cell in cells} & {_letters(name) for name, _ in people if len(_letters(name)) > 1})
    )


def _may_be(cell: str, number: str) -> bool:
    """Of the same form or an older one; masked, made a double of, or mistyped in two places at most."""
    if len(number) == OLD and len(cell) > OLD:
        cell = cell[:6] + cell[8:17]
    if "e+" in cell.lower() or (cell.endswith(".0") and len(cell) > len(number)):
        return str(int(float(cell)))[:LEFT] == number[:LEFT]
    if len(cell) != len(number):
        return False
    return sum(one not in ("*", other) for one, other in zip(cell.upper(), number, strict=True)) <= 2


def _letters(name: str) -> str:
    return "".join(letter for letter in name if "\u4e00" <= letter <= "\u9fff")
