"""A workbook that a person decides in, one row a question, and its rows read back."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from village_credit.errors import UsageError

VERDICT_HEADER = "结论"
FIRST_ROW = 4


@dataclass(frozen=True)
class Book:
    """How a workbook looks: its sheet's title, what stands above, and its columns.

    `to_fill` first ones are the person's.

    `choices`: what the first column, the verdict, may say.
    """

    title: str
    heading: str
    note: str
    as_of: str
    headers: tuple[str, ...]
    widths: tuple[int, ...]
    choices: tuple[str, ...]
    to_fill: int = 1


def write_book(book: Book, rows: list[tuple[str | int, ...]]) -> bytes:
    """Write the workbook; `rows`: what stands after the columns to fill. The same rows give the same bytes."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False}) as written:
        written.set_properties({"title": book.title, "created": datetime.fromisoformat(book.as_of)})
        text, money = written.add_format({"num_format": "@"}), written.add_format({"num_format": "#,##0"})
        head = written.add_format({"bold": True, "text_wrap": True, "border": 1, "bg_color": "#DDEBF7"})
        fill = written.add_format({"num_format": "@", "bg_color": "#FFF2CC", "border": 1})
        page = written.add_worksheet(book.title)
        page.write_string(0, 0, book.heading, written.add_format({"bold": True, "font_size": 14}))
        page.write_string(1, 0, book.note)
        for column, header in enumerate(book.headers):
            page.write_string(FIRST_ROW - 1, column, header, head)
        for number, cells in enumerate(rows, start=FIRST_ROW):
            for column in range(book.to_fill):
                page.write_blank(number, column, None, fill)
            for column, cell in enumerate(cells, start=book.to_fill):
                if isinstance(cell, int):
                    page.write_number(number, column, cell, money)
                else:
                    page.write_string(number, column, cell, text)
        _arrange(page, book, len(rows))
    return buffer.getvalue()


def _arrange(page: Any, book: Book, rows: int) -> None:
    if rows:
        page.data_validation(FIRST_ROW, 0, FIRST_ROW + rows - 1, 0, {"validate": "list", "source": list(book.choices)})
    page.freeze_panes(FIRST_ROW, book.to_fill)
    for column, width in enumerate(book.widths):
        page.set_column(column, column, width)


def read_book(path: Path, titles: Iterable[str]) -> list[list[str]]:
    """Read the first sheet of these titles as text, from its first cell; no rows where there is none.

    Raises UsageError where the file is no workbook.
    """
    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
            name = next((name for name in titles if name in book.sheet_names), None)
            if name is None:
                return []
            cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            return [[_plain(cell) for cell in row] for row in cells]
    except (OSError, CalamineError) as failure:
        raise UsageError(f"{path.name} is no workbook that can be read ({type(failure).__name__})") from failure


def _plain(cell: Any) -> str:
    """Write a cell as a person sees it: a spreadsheet keeps 30000 as 30000.0."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def columns_of(path: Path, rows: list[list[str]], needed: Iterable[str], written_by: str) -> tuple[int, dict[str, int]]:
    """Find the row of headers, and each needed header's column; raises UsageError where one is lacking."""
    start = next((n for n, row in enumerate(rows) if set(needed) <= set(row)), None)
    if start is None:
        raise UsageError(
            f"{path.name}: no row of headers with {', '.join(needed)}; give the workbook that `{written_by}` "
            f"wrote, its headers untouched. Nothing was applied"
        )
    return start, {header: rows[start].index(header) for header in needed}


def read_of_run(
    path: Path, sheet: str, headers: tuple[str, ...], verb: str, optional: tuple[str, ...] = ()
) -> tuple[str, list[tuple[int, dict[str, str]]]]:
    """Read of which run a workbook is, and its rows by header, each with its number.

    Raises UsageError where it is another.

    `verb` wrote it: its title names the sheet and the run. `optional` columns are read where there are any.
    """
    rows = read_book(path, (sheet,))
    run = re.match(f"{sheet}：运行 ([a-z0-9-]+)，", rows[0][0]) if rows and rows[0] else None
    if run is None:
        raise UsageError(f"{path.name}: no sheet {sheet} that names its run; give the workbook that `{verb}` wrote")
    start, at = columns_of(path, rows, headers, verb)
    at |= {header: rows[start].index(header) for header in optional if header in rows[start]}
    read = [
        (number, {header: row[place].strip() for header, place in at.items()})
        for number, row in enumerate(rows[start + 1 :], start=start + 2)
    ]
    return run.group(1), [(number, cells) for number, cells in read if any(cells.values())]
