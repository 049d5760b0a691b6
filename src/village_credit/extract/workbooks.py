"""Sheets of a workbook become rows of text that keep what the cell was: a number is never taken for a code."""

from __future__ import annotations

import datetime as dt
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from data_contracts.spoilt import UNCALCULATED
from village_credit.extract.biff import xls_facts, xlsb_spoilt
from village_credit.extract.compound import Compound
from village_credit.extract.grid import Grid
from village_credit.extract.guard import (
    CUT,
    LOCKED,
    LOCKED_CODE,
    MAX_CELLS,
    USUAL_COLUMNS,
    Damaged,
    panics_as_errors,
    survives,
)
from village_credit.extract.ods_xml import ods_facts
from village_credit.extract.package import Package
from village_credit.extract.sheet_xml import Place, SheetFacts, sheet_facts
from village_credit.extract.text_rows import TextRows
from village_credit.texts import scattered

EXACT_DIGITS = 15  # what a spreadsheet keeps of a number
_PLAIN_NUMBER = r"^-?(?:0|[1-9][0-9]*(?:\.[0-9]+)?|0\.0{0,3}[1-9][0-9]*)$"  # smaller ones have an exponent
FAR_OFF = "a cell far off from the table: delete it and deliver again"


def read_workbook(content: bytes) -> list[Grid]:
    """Read every sheet, hidden ones too; raises `Damaged` where the file cannot be opened."""
    book = _Zipped(content) if content.startswith(b"PK") else _Records(content)
    grids = [grid for grid in map(book.grid, book.names()) if grid is not None]
    hidden = {page.name for page in book.pages if page.visible != SheetVisibleEnum.Visible}
    for grid in grids:
        grid.is_1904 = book.is_1904
        if grid.sheet in hidden and grid.cells:
            grid.notes.append(("HIDDEN_SHEET", "hidden in the workbook and read like the others"))
    return grids


class _Book(ABC):
    """A workbook in the library, and what the library does not tell of it."""

    is_1904 = False

    def open(self, content: bytes) -> None:
        """Open the workbook; raises `Damaged`."""
        try:
            with panics_as_errors():
                self.library = CalamineWorkbook.from_filelike(io.BytesIO(content))
                self.pages = self.library.sheets_metadata
        except PasswordError:
            raise Damaged(LOCKED, LOCKED_CODE) from None
        except (CalamineError, OSError, ValueError) as error:
            raise Damaged(CUT) from error

    def names(self) -> Iterator[str]:
        """Return the sheets that have cells: a chart has none."""
        return (page.name for page in self.pages if page.typ == SheetTypeEnum.WorkSheet)

    @abstractmethod
    def facts(self, name: str) -> SheetFacts:
        """Return what the library does not tell of a sheet."""

    def grid(self, name: str) -> Grid | None:
        """Return a sheet as a table of text, or a table without rows that says why it is not read."""
        try:
            facts = self.facts(name)
            _require_near(facts)
            values, merged = self.values(name)
        except Damaged as damage:
            return Grid(sheet=name, total_lines=0, notes=[(damage.code, str(damage))])
        if facts.told or any(left == right for (_, left), (_, right) in merged) or not values:
            rows = [[value if value.__class__ is str else cell_text(value) for value in row] for row in values]
            return _grid(name, rows, merged, facts)
        return _grid_of_columns(name, values, facts.last_row)

    def values(self, name: str) -> tuple[list[list[Any]], list[tuple[Place, Place]]]:
        """Return a sheet's values and merged ranges; raises `Damaged`."""
        try:
            with panics_as_errors():
                return _values(self.library.get_sheet_by_name(name))
        except (CalamineError, OSError, ValueError) as error:
            raise Damaged(f"sheet cannot be read: {type(error).__name__}") from error


class _Zipped(_Book):
    """An xlsx, xlsb or ods."""

    def __init__(self, content: bytes) -> None:
        self.package = Package(content)
        self.is_1904 = self.package.is_1904
        self.kind, self.is_readable = self.package.kind, False
        if self.package.has_password():
            raise Damaged(LOCKED, LOCKED_CODE)
        if self.kind != "xlsx" and not survives(content):
            raise Damaged(CUT)
        if self.kind == "ods":
            self.ods, self.is_1904 = ods_facts(self.package.read("content.xml"))
        if self.kind == "xlsx" and self.package.is_wide():
            self.mend()
        else:
            self.open(content)

    def mend(self) -> None:
        """Open the workbook anew as the library can read it."""
        self.is_readable = True
        self.open(self.package.readable())

    def facts(self, name: str) -> SheetFacts:
        if self.kind == "ods":
            return SheetFacts(told=self.ods.get(name, {}))
        part = self.package.sheet(name)
        if self.kind == "xlsb":
            return SheetFacts(told=xlsb_spoilt(part))
        facts = sheet_facts(part, MAX_CELLS // USUAL_COLUMNS) if part else SheetFacts()
        if self.package.calculates_on_load and not facts.has_other_results:
            facts.told.update(dict.fromkeys(facts.zeros, UNCALCULATED))  # a library wrote 0 for what it left to others
        return facts

    def values(self, name: str) -> tuple[list[list[Any]], list[tuple[Place, Place]]]:
        """Read the sheet; where the library cannot, read it again with what it cannot read mended."""
        try:
            return super().values(name)
        except Damaged:
            if self.kind != "xlsx" or self.is_readable:
                raise
            self.mend()
            return super().values(name)


class _Records(_Book):
    """An xls."""

    def __init__(self, content: bytes) -> None:
        compound = Compound(content)
        name = next((name for name in compound.entries if name.lower() == "workbook"), None)
        if name is None:
            raise Damaged(CUT)
        found = xls_facts(compound.stream(name))
        if found.has_password:
            raise Damaged(LOCKED, LOCKED_CODE)
        if not survives(content):
            raise Damaged(CUT)
        self.is_1904, self.told = found.is_1904, found.told
        self.open(content)

    def facts(self, name: str) -> SheetFacts:
        return SheetFacts(told=self.told.get(name, {}))


def _require_near(facts: SheetFacts) -> None:
    """Refuse a sheet that the library would lay out in hundreds of gigabytes."""
    if facts.height * facts.width > MAX_CELLS:
        raise Damaged(FAR_OFF)


def _values(sheet: CalamineSheet) -> tuple[list[list[Any]], list[tuple[Place, Place]]]:
    return sheet.to_python(skip_empty_area=False), sheet.merged_cell_ranges or []


def _grid(name: str, rows: list[list[str]], merged: list[tuple[Place, Place]], facts: SheetFacts) -> Grid:
    """Number the rows of a sheet; blank ones below the last value count as far as they have a formatted cell."""
    for (row, column), text in facts.told.items():
        _write(rows, row, column, text)
    filled = _fill_down(rows, merged)
    total = max(len(rows), facts.last_row)
    grid = Grid(sheet=name, total_lines=total, filled=filled)
    for number, cells in enumerate(rows, start=1):
        grid.add(number, number, cells)
    for number in range(len(rows) + 1, total + 1):
        grid.add(number, number, [])
    return grid


def _grid_of_columns(name: str, values: list[list[Any]], last_row: int) -> Grid:
    """Number the rows of a sheet whose cells stand as the library gave them."""
    columns = [_texts(cells) for cells in zip(*values, strict=True)]
    count, total = len(values), max(len(values), last_row)
    rows = TextRows(columns, np.arange(count), {index: [] for index in range(count, total)})
    numbers = list(range(1, total + 1))
    return Grid(name, total, rows, numbers, list(numbers))


def _texts(cells: Sequence[Any]) -> pa.StringArray:
    """Write a column's cells as text."""
    kinds = set(map(type, cells))
    if kinds == {str}:
        return pa.array(cells, pa.string())
    if float not in kinds:
        return pa.array(map(cell_text, cells), pa.string())
    is_number = [cell.__class__ is float for cell in cells]
    others = [None if number else cell for cell, number in zip(cells, is_number, strict=True)]
    if kinds != {str, float}:
        others = [cell if cell is None else cell_text(cell) for cell in others]
    numbers = pa.array([cell for cell in cells if cell.__class__ is float], pa.float64())
    return pc.replace_with_mask(pa.array(others, pa.string()), pa.array(is_number), _number_texts(numbers))


def _number_texts(numbers: pa.Array) -> pa.StringArray:
    """Write numbers as `cell_text` does: by the shortest text where that has no more than the 15 digits kept."""
    written = numbers.cast(pa.string())
    is_plain = pc.match_substring_regex(written, _PLAIN_NUMBER)
    is_short = pc.less_equal(pc.binary_length(written), EXACT_DIGITS)  # a sign and a point are not even counted
    others = pc.invert(pc.and_(is_plain, is_short))
    return scattered(written, others, map(cell_text, numbers.filter(others).to_pylist()))


def _write(rows: list[list[str]], row: int, column: int, text: str) -> None:
    """Write a cell where it stands, be it outside what the library gave."""
    rows.extend([] for _ in range(row + 1 - len(rows)))
    rows[row].extend("" for _ in range(column + 1 - len(rows[row])))
    rows[row][column] = text


def _cell(row: list[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def cell_text(value: Any) -> str:
    """Write a typed cell as text: numbers with the 15 digits that were kept, dates as ISO."""
    if value.__class__ is float and -(10**EXACT_DIGITS) < value < 10**EXACT_DIGITS:
        return f"{value:.15g}"  # most cells that are no text
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return f"{value:.14E}" if abs(value) >= 10**EXACT_DIGITS else f"{value:.15g}"
    if isinstance(value, dt.datetime):
        has_time = (value.hour, value.minute, value.second) != (0, 0, 0)
        return value.isoformat(sep=" ") if has_time else value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _fill_down(rows: list[list[str]], merged: list[tuple[tuple[int, int], tuple[int, int]]]) -> set[tuple[int, int]]:
    """A cell merged down over several rows belongs to each of them; give the cells filled so (row, column)."""
    filled: set[tuple[int, int]] = set()
    for (top, left), (bottom, right) in merged:
        if left == right and top < len(rows):
            for row in range(top + 1, min(bottom + 1, len(rows))) if _cell(rows[top], left) else ():
                _write(rows, row, left, rows[top][left])
                filled.add((row, left))
    return filled
