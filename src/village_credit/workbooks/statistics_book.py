"""A workbook of statistics that a screen reader reads too: cover, contents, notes, then a marked table a sheet.

What makes such a workbook readable is written down by statistics offices: nothing merged, hidden, frozen or blank, one
header row a table, units in words, and a mark with its meaning where there is no figure.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from textwrap import wrap
from typing import Any

import xlsxwriter

from village_credit.errors import MissingInput

NO_FIGURE = "[x]"
COVER, CONTENTS, NOTES = "Cover", "Contents", "Notes"
TEXT_WIDTH, WIDEST, LEAST_WIDTH = 90, 60, 12  # in characters of a column
TITLE_ROW, ABOUT_ROW, HEADER_ROW = 0, 1, 2
WRAPPED = 0.85  # of a column's characters: letters of 12 points are wider than those that it is counted in
LINE_POINTS = 16  # of a row's height: who opens it elsewhere than in Excel gets no height that fits by itself
UNITS = {"_yuan": "yuan", "_share": "share of 1", "coverage": "share of 1", "_on": "date"}
FONT = {"font_name": "Arial", "font_size": 12}
ROWS_MOST = 1_048_576 - HEADER_ROW - 1  # of a sheet


@dataclass(frozen=True)
class Sheet:
    """A table of the workbook: its sheet's name, title, what stands above it, its columns and rows.

    `columns`: name of each column and what it means.
    """

    name: str
    title: str
    about: str
    columns: dict[str, str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Cover:
    """The first sheet: a title, sentences below it, and the day that the figures are of."""

    title: str
    sentences: tuple[str, ...]
    day: date


def heading(column: str) -> str:
    """Write a column's name as a person reads it, with its unit."""
    end = next((end for end in UNITS if column.endswith(end)), None)
    words = column if end is None else column.removesuffix(end) if end.startswith("_") else column
    text = words.replace("_", " ")
    return f"{text[:1].upper()}{text[1:]}" + ("" if end is None else f" ({UNITS[end]})")


def write_statistics_book(cover: Cover, sheets: Sequence[Sheet]) -> bytes:
    """Write the workbook; the same rows give the same bytes. Raises MissingInput where a table fits no sheet."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"title": cover.title, "created": datetime(cover.day.year, cover.day.month, cover.day.day)})  # noqa: DTZ001  # a cell has no zone
        styles = _Styles(book)
        _write_cover(book, styles, cover)
        for sheet in (_contents(sheets), _notes(sheets), *sheets):
            _write_sheet(book, styles, sheet)
        _link(book, styles, sheets)
    return buffer.getvalue()


class _Styles:
    """How cells look: large enough, wrapped, dark on white."""

    def __init__(self, book: Any) -> None:
        wrapped = {**FONT, "text_wrap": True, "valign": "top"}
        self.title = book.add_format({**FONT, "font_size": 16, "bold": True})
        self.text = book.add_format(wrapped)
        self.head = book.add_format({**wrapped, "bold": True, "bottom": 2})
        self.link = book.add_format({**wrapped, "font_color": "#0000EE", "underline": 1})
        self.whole = book.add_format({**FONT, "num_format": "#,##0", "valign": "top"})
        self.part = book.add_format({**FONT, "num_format": "0.000", "valign": "top"})
        self.money = book.add_format({**FONT, "num_format": "#,##0.00", "valign": "top"})
        self.day = book.add_format({**FONT, "num_format": "yyyy-mm-dd", "valign": "top", "align": "left"})
        self.none = book.add_format({**FONT, "align": "right", "valign": "top"})

    def of(self, column: str, value: Any) -> Any:
        """Return how a number or day of a column is shown."""
        if isinstance(value, date):
            return self.day
        if UNITS.get(next((end for end in UNITS if column.endswith(end)), "")) == "share of 1":
            return self.part
        return self.whole if isinstance(value, int) else self.money


def _write_cover(book: Any, styles: _Styles, cover: Cover) -> None:
    page = book.add_worksheet(COVER)
    page.set_column(0, 0, TEXT_WIDTH)
    _print_on_one_page_across(page)
    page.write_string(0, 0, cover.title, styles.title)
    for row, sentence in enumerate(cover.sentences, start=1):
        page.write_string(row, 0, sentence, styles.text)
        page.set_row(row, LINE_POINTS * _lines(sentence, TEXT_WIDTH))


def _print_on_one_page_across(page: Any) -> None:
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)


def _contents(sheets: Sequence[Sheet]) -> Sheet:
    columns = {"sheet": "", "title": "", "one_row_is": ""}
    rows = [(NOTES, "What each column means", "a column of a table")]
    rows += [(sheet.name, sheet.title, sheet.about) for sheet in sheets]
    return Sheet(CONTENTS, "Contents", "This sheet has one table: the sheets of this workbook.", columns, rows)


def _notes(sheets: Sequence[Sheet]) -> Sheet:
    rows = [(sheet.name, heading(name), text) for sheet in sheets for name, text in sheet.columns.items()]
    about = f"This sheet has one table: what each column means. {NO_FIGURE} stands where there is no figure to give."
    return Sheet(NOTES, "Notes", about, {"sheet": "", "column": "", "meaning": ""}, rows)


def _write_sheet(book: Any, styles: _Styles, sheet: Sheet) -> None:
    """Write title, a sentence and one marked table below each other, with no row between."""
    if len(sheet.rows) > ROWS_MOST:
        raise MissingInput(f"{sheet.title}: {len(sheet.rows):,} rows fit no sheet: give --county, one at a time")
    page, last = book.add_worksheet(sheet.name), len(sheet.columns) - 1
    page.write_string(TITLE_ROW, 0, sheet.title, styles.title)
    page.write_string(ABOUT_ROW, 0, sheet.about, book.add_format(FONT))
    headers = [{"header": heading(name), "header_format": styles.head} for name in sheet.columns]
    marked = {"name": f"table_{sheet.name.lower()}", "columns": headers, "autofilter": False, "style": None}
    page.add_table(HEADER_ROW, 0, HEADER_ROW + len(sheet.rows), last, marked)
    _print_on_one_page_across(page)
    widths = [_width(name, [row[place] for row in sheet.rows]) for place, name in enumerate(sheet.columns)]
    heads = [heading(name) for name in sheet.columns]
    for number, row in enumerate((heads, *sheet.rows), start=HEADER_ROW):
        texts = zip(row, widths, strict=True)
        page.set_row(number, LINE_POINTS * max(_lines(text, width) for text, width in texts))
    for number, row in enumerate(sheet.rows, start=HEADER_ROW + 1):
        for place, (name, value) in enumerate(zip(sheet.columns, row, strict=True)):
            _write_cell(page, styles, (number, place), name, value)
    for place, width in enumerate(widths):
        page.set_column(place, place, width)


def _write_cell(page: Any, styles: _Styles, at: tuple[int, int], column: str, value: Any) -> None:
    if value is None:
        page.write_string(*at, NO_FIGURE, styles.none)
    elif isinstance(value, str):
        page.write_string(*at, value, styles.text)
    elif isinstance(value, date):
        page.write_datetime(*at, datetime(value.year, value.month, value.day), styles.day)  # noqa: DTZ001  # a cell has no zone
    else:
        page.write_number(*at, value, styles.of(column, value))


def _lines(cell: Any, width: int) -> int:
    """Return how many lines a cell takes where words wrap; a figure takes one."""
    if not isinstance(cell, str):
        return 1
    return max(len(wrap(cell, int(width * WRAPPED))), 1)


def _width(column: str, values: Sequence[Any]) -> int:
    """Return a column's width: of its longest cell, up to where text wraps."""
    longest = max((len(str(value)) * (1 if str(value).isascii() else 2) for value in values), default=0)
    words = max(len(word) for word in heading(column).split())
    return min(max(longest + 3, words + 3, LEAST_WIDTH), WIDEST)


def _link(book: Any, styles: _Styles, sheets: Sequence[Sheet]) -> None:
    page = book.get_worksheet_by_name(CONTENTS)
    for row, name in enumerate((NOTES, *(sheet.name for sheet in sheets)), start=HEADER_ROW + 1):
        page.write_url(row, 0, f"internal:'{name}'!A1", styles.link, name)
