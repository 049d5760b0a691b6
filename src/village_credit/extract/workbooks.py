"""Sheets of an xlsx or xls become rows of text that keep what the cell was: a number is never taken for a code."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from village_credit.extract.grid import Grid
from village_credit.extract.guard import MAX_CELLS, cells_spanned, column_number, panics_as_errors, survives

EXACT_DIGITS = 15  # what a spreadsheet keeps of a number
_ROW = re.compile(rb'<row\b[^>]*?\br="(\d+)"[^>]*(?<!/)>\s*(?!</row>)')  # with a cell, be it blank
_ERROR_CELL = re.compile(
    rb'<c\b(?=[^>]*\bt="e")[^>]*?\br="([A-Z]+)(\d+)"[^>]*>(?:(?!</c>).)*?<v>([^<]*)</v>', re.DOTALL
)


def read_workbook(content: bytes) -> list[Grid]:
    """Read every sheet, hidden ones too; raises `CalamineError` where the file cannot be opened."""
    if not content.startswith(b"PK") and not survives(content):
        raise CalamineError("the workbook cannot be opened")
    sheets = _sheet_xml(content)
    with panics_as_errors():
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        grids = [_read_sheet(workbook, name, sheets.get(name, b"")) for name in workbook.sheet_names]
        hidden = {page.name for page in workbook.sheets_metadata if page.visible != SheetVisibleEnum.Visible}
    for grid in grids:
        if grid.sheet in hidden and grid.cells:
            grid.notes.append(("HIDDEN_SHEET", "hidden in the workbook and read like the others"))
    return grids


def _read_sheet(workbook: CalamineWorkbook, name: str, xml: bytes) -> Grid:
    last_row = max((int(number) for number in _ROW.findall(xml)), default=0)
    if cells_spanned(xml, last_row) > MAX_CELLS:
        grid = Grid(sheet=name, total_lines=0)
        grid.notes.append(("UNREADABLE_FILE", "a cell far off from the table: delete it and deliver again"))
        return grid
    try:
        sheet = workbook.get_sheet_by_name(name)
    except CalamineError as error:
        grid = Grid(sheet=name, total_lines=0)
        grid.notes.append(("UNREADABLE_FILE", f"sheet cannot be read: {type(error).__name__}"))
        return grid
    values = sheet.to_python(skip_empty_area=False)
    rows = [[value if value.__class__ is str else cell_text(value) for value in row] for row in values]
    _mark_errors(rows, xml)
    filled = _fill_down(rows, sheet.merged_cell_ranges or [])
    total = max(len(rows), last_row)
    grid = Grid(sheet=name, total_lines=total, filled=filled)
    for number, row in enumerate(rows, start=1):
        grid.add(number, number, row)
    for number in range(len(rows) + 1, total + 1):
        grid.add(number, number, [])
    return grid


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


def _mark_errors(rows: list[list[str]], xml: bytes) -> None:
    """The reader gives error cells back blank: put `#N/A` and its kind where the sheet has them."""
    for letters, number, text in _ERROR_CELL.findall(xml):
        row, column = int(number) - 1, column_number(letters) - 1
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text.decode("utf-8")


def _fill_down(rows: list[list[str]], merged: list[tuple[tuple[int, int], tuple[int, int]]]) -> set[tuple[int, int]]:
    """A cell merged down over several rows belongs to each of them; give the cells filled so (row, column)."""
    filled: set[tuple[int, int]] = set()
    for (top, left), (bottom, right) in merged:
        if left == right and top < len(rows):
            for row in range(top + 1, min(bottom + 1, len(rows))):
                rows[row][left] = rows[top][left]
                filled.add((row, left))
    return filled


def _sheet_xml(content: bytes) -> dict[str, bytes]:
    """Return each xlsx sheet's XML by sheet name; an xls has none."""
    if not content.startswith(b"PK"):
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
            return {}
        relations = dict(_pairs(archive.read("xl/_rels/workbook.xml.rels"), "Relationship", "Id", "Target"))
        sheets = _pairs(archive.read("xl/workbook.xml"), "sheet", "name", "r:id")
        paths = {name: "xl/" + relations.get(key, "").removeprefix("/xl/").removeprefix("xl/") for name, key in sheets}
        return {name: archive.read(path) for name, path in paths.items() if path in names}


def _pairs(xml: bytes, tag: str, first: str, second: str) -> list[tuple[str, str]]:
    """Return two attributes of each element of a kind."""
    import html  # noqa: PLC0415  # only workbooks need it

    text = xml.decode("utf-8")
    found = []
    for element in re.findall(rf"<(?:\w+:)?{tag}\b[^>]*>", text):
        attributes = dict(re.findall(r'([\w:]+)="([^"]*)"', element))
        if first in attributes and second in attributes:
            found.append((html.unescape(attributes[first]), html.unescape(attributes[second])))
    return found
