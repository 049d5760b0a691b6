"""How a workbook's sheet is laid out to be printed: A4 across, one page wide, the header on each, rows read whole."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import xlsxwriter

A4 = 9
LINE_HEIGHT = 17  # points: Han letters of 11 points stand in less only cut
Column = tuple[str, int]  # header, width in characters


def new_book() -> tuple[Any, io.BytesIO]:
    """Begin a workbook in memory; the same rows give the same bytes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})
    return book, buffer


def formats_of(book: Any) -> dict[str, Any]:
    """Return what title, header, text and money look like."""
    return {
        "title": book.add_format({"bold": True, "font_size": 14, "align": "center"}),
        "head": book.add_format({"bold": True, "border": 1, "text_wrap": True, "align": "center"}),
        "text": book.add_format({"num_format": "@", "border": 1, "text_wrap": True, "valign": "top"}),
        "money": book.add_format({"num_format": "#,##0", "border": 1, "valign": "top"}),
    }


def lay_out(sheet: Any, columns: Sequence[Column], header_row: int, last_row: int) -> None:
    """Lay a sheet out: nothing beyond its last row and column is printed, whoever typed there."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, header_row)
    sheet.freeze_panes(header_row + 1, 0)
    sheet.print_area(0, 0, last_row, len(columns) - 1)
    sheet.set_footer("&L&A&C第 &P 页，共 &N 页")
    for column, (_, width) in enumerate(columns):
        sheet.set_column(column, column, width)


def head(sheet: Any, title: str, columns: Sequence[Column], header_row: int, formats: Mapping[str, Any]) -> None:
    """Write title, unit and header."""
    sheet.merge_range(0, 0, 0, len(columns) - 1, title, formats["title"])
    sheet.write(1, 0, "单位：元")
    sheet.write_row(header_row, 0, [name for name, _ in columns], formats["head"])


def write_texts(
    sheet: Any, at: int, texts: Mapping[int, str], columns: Sequence[Column], formats: Mapping[str, Any]
) -> None:
    """Write a row's texts by column; no program makes a row higher by itself, and a name must be read whole."""
    sheet.set_row(at, LINE_HEIGHT * max(_lines(text, columns[column][1]) for column, text in texts.items()))
    for column, text in texts.items():
        sheet.write_string(at, column, text, formats["text"])


def _lines(text: str, width: int) -> int:
    """Return how many lines a text takes in a column: a Han character is as wide as two letters."""
    wide = 2 * len(text) - len(text.encode("latin-1", "ignore"))
    return max(1, -(-wide // (width - 1)))
