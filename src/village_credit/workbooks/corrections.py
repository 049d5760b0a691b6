"""An office's quarantined rows as a workbook that it can mend and return: its own columns, wrong cells marked."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import xlsxwriter

from data_contracts.corrections import LINE_HEADER, NUMBER_HEADER, SUMMARY_TITLE, WHY_HEADER
from data_contracts.reasons import EXTRACT_REASONS, ROW_REASONS

SPARE_ROWS = 2  # the title and the header
LIST_LETTERS = 255  # a spreadsheet's drop-down holds no more
_STYLES: dict[str, dict[str, Any]] = {
    "text": {"num_format": "@"},
    "wrong": {"num_format": "@", "bg_color": "#FFC7CE", "font_color": "#9C0006"},
    "own": {"num_format": "@", "bg_color": "#F2F2F2", "font_color": "#7F7F7F"},
    "why": {"text_wrap": True, "bg_color": "#FFF2CC"},
    "head": {"bold": True, "text_wrap": True, "border": 1, "bg_color": "#DDEBF7"},
    "title": {"bold": True, "font_size": 14},
    "line": {},
    "plain": {"text_wrap": True, "valign": "top"},
}


@dataclass(frozen=True)
class Faulty:
    """A row as delivered: cells of the office's columns, which of them are wrong, and what is expected."""

    number: str
    line_number: int
    cells: tuple[str, ...]
    wrong: dict[int, str]  # position among `cells` → what is expected
    why: str


@dataclass(frozen=True)
class FaultyTable:
    """One delivered table's quarantined rows in its own layout, columns that may not be kept left out."""

    file_name: str
    sheet: str
    contract: str
    labels: tuple[str, ...]
    choices: dict[int, tuple[str, ...]]  # position → values that are accepted, where there is a list
    rows: tuple[Faulty, ...]

    @property
    def place(self) -> str:
        """Where the rows came from, as the office wrote it; a township may be named only there."""
        return " / ".join(part for part in (self.file_name, self.sheet) if part)


@dataclass(frozen=True)
class CorrectionBundle:
    """Everything that one office is to mend."""

    office_zh: str
    run_id: str
    as_of: str
    tables: tuple[FaultyTable, ...]
    refused: tuple[tuple[str, str, str], ...] = ()  # (file and sheet, reason code, detail): to be delivered anew
    reasons: Counter[str] = field(default_factory=Counter)  # rows by reason code


def correction_workbook(bundle: CorrectionBundle) -> bytes:
    """Write the workbook: the summary, then a sheet per delivered table; the same bundle gives the same bytes."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties({"title": SUMMARY_TITLE, "created": datetime.fromisoformat(bundle.as_of)})
        styles = {name: book.add_format(style) for name, style in _STYLES.items()}
        _write_summary(book.add_worksheet(SUMMARY_TITLE), bundle, styles)
        for number, table in enumerate(bundle.tables, start=1):
            _write_table(book.add_worksheet(f"更正{number}"), table, styles)
    return buffer.getvalue()


def _write_summary(page: Any, bundle: CorrectionBundle, styles: dict[str, Any]) -> None:
    rows: list[Sequence[str]] = [
        (f"{SUMMARY_TITLE}：{bundle.office_zh}",),
        (f"运行 {bundle.run_id}，截至 {bundle.as_of}",),
        ("请在各“更正”表中直接修改标红的单元格，保存后原样放回本部门的报送文件夹，不要删改灰色的列。",),
        ("不属于本次更正的行不必再报；整行不应报送的，请删去该行并另行告知。",),
        ("",),
        ("表", "原文件", "行数"),
        *((f"更正{n}", table.place, str(len(table.rows))) for n, table in enumerate(bundle.tables, start=1)),
        ("",),
        ("原因代码", "原因与期望", "行数"),
        *((code, ROW_REASONS.get(code, code), str(count)) for code, count in sorted(bundle.reasons.items())),
    ]
    if bundle.refused:
        rows += [("",), ("整份退回的表", "原因", "说明")]
        rows += [(place, EXTRACT_REASONS.get(code, code), detail) for place, code, detail in bundle.refused]
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            page.write_string(
                number, column, cell, styles["title" if number == 0 else "plain" if len(row) > 1 else "line"]
            )
    page.set_column(0, 0, 22)
    page.set_column(1, 2, 60)
    _as_printed(page, 0)


def _as_printed(page: Any, header_row: int) -> None:
    """Print a sheet on A4 across, one page wide, its header on each."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0, header_row)
    page.set_footer("&C&A  &P / &N")


def _write_table(page: Any, table: FaultyTable, styles: dict[str, Any]) -> None:
    """Title, header, rows: the office's columns first, ours after them."""
    width = len(table.labels)
    page.write_string(0, 0, f"原文件：{table.place}", styles["title"])
    for column, label in enumerate((*table.labels, LINE_HEADER, NUMBER_HEADER, WHY_HEADER)):
        page.write_string(1, column, label, styles["head"])
    for number, row in enumerate(table.rows, start=SPARE_ROWS):
        for column, cell in enumerate(row.cells):
            page.write_string(number, column, cell, styles["wrong" if column in row.wrong else "text"])
            if column in row.wrong:
                page.write_comment(number, column, row.wrong[column], {"x_scale": 2})
        page.write_string(number, width, str(row.line_number), styles["own"])
        page.write_string(number, width + 1, row.number, styles["own"])
        page.write_string(number, width + 2, row.why, styles["why"])
    last = SPARE_ROWS + len(table.rows) - 1
    for column, values in table.choices.items():
        if len(",".join(values)) <= LIST_LETTERS:
            page.data_validation(
                SPARE_ROWS, column, last, column, {"validate": "list", "source": list(values), "error_type": "warning"}
            )
    page.freeze_panes(SPARE_ROWS, 0)
    _as_printed(page, SPARE_ROWS - 1)
    page.set_column(0, width - 1, 20, styles["text"])
    page.set_column(width, width + 1, 12)
    page.set_column(width + 2, width + 2, 60)
