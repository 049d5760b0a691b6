"""A branch's rows become sheets to sign, one a product: what changes, from what to what, and for whom."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import xlsxwriter

from data_contracts.branch import PRODUCTS_ZH, BranchRow

ACTIONS_ZH = {"grant": "新增", "change": "调整", "freeze": "冻结", "remove": "注销"}
# header, width in characters: together one A4 page lies across
COLUMNS = (
    ("序号", 6),
    ("操作", 7),
    ("姓名", 17),
    ("身份证号码", 21),
    ("村", 16),
    ("电话", 14),
    ("原额度", 11),
    ("授信金额", 11),
    ("授信期限", 10),
    ("备注", 48),
)
LAST = len(COLUMNS) - 1
OLD, NEW = 6, 7
HEADER_ROW = 2
LINE_HEIGHT = 15  # points


def approval_sheets(rows: Sequence[BranchRow], places: Sequence[tuple[str, str]]) -> bytes:
    """Draw one approval sheet a product: title, 单位：元, a row a line, sums, and where to sign.

    `places`: village and telephone of each row. Printed across, one page wide, the header on each.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})  # the same rows give the same bytes
    formats = _formats(book)
    for product, label in PRODUCTS_ZH.items():
        chosen = [pair for pair in zip(rows, places, strict=True) if pair[0].product == product]
        if chosen or product == "farmer_line":
            _sheet(book.add_worksheet(label), label, chosen, formats)
    book.close()
    return buffer.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    return {
        "title": book.add_format({"bold": True, "font_size": 14, "align": "center"}),
        "head": book.add_format({"bold": True, "border": 1, "text_wrap": True, "align": "center"}),
        "text": book.add_format({"num_format": "@", "border": 1, "text_wrap": True, "valign": "top"}),
        "money": book.add_format({"num_format": "#,##0", "border": 1, "valign": "top"}),
    }


def _sheet(sheet: Any, label: str, rows: Sequence[tuple[BranchRow, tuple[str, str]]], formats: dict[str, Any]) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, HEADER_ROW)
    sheet.set_footer("&C第 &P 页，共 &N 页")
    for column, (_, width) in enumerate(COLUMNS):
        sheet.set_column(column, column, width)
    sheet.merge_range(0, 0, 0, LAST, f"整村授信批量审批表（{label}）", formats["title"])
    sheet.write(1, 0, "单位：元")
    sheet.write_row(HEADER_ROW, 0, [name for name, _ in COLUMNS], formats["head"])
    for number, (row, place) in enumerate(rows, start=1):
        _write_row(sheet, HEADER_ROW + number, number, row, place, formats)
    _write_end(sheet, HEADER_ROW + len(rows) + 1, [row for row, _ in rows], formats)


def _write_row(
    sheet: Any, at: int, number: int, row: BranchRow, place: tuple[str, str], formats: dict[str, Any]
) -> None:
    village, phone = place
    term = f"{row.term_months}个月" if row.term_months else ""
    texts = {1: ACTIONS_ZH[row.action], 2: row.name, 3: row.id_number, 4: village, 5: phone, 8: term, 9: row.reason_zh}
    sheet.write_number(at, 0, number, formats["money"])
    lines = max(_lines(text, COLUMNS[column][1]) for column, text in texts.items())
    sheet.set_row(at, LINE_HEIGHT * lines)  # no program makes a row higher by itself, and a name must be read whole
    for column, text in texts.items():
        sheet.write_string(at, column, text, formats["text"])
    sheet.write_number(at, OLD, row.previous_limit_yuan or 0, formats["money"])
    sheet.write_number(at, NEW, row.limit_yuan, formats["money"])


def _lines(text: str, width: int) -> int:
    """Return how many lines a text takes in a column: a Han character is as wide as two letters."""
    wide = 2 * len(text) - len(text.encode("latin-1", "ignore"))
    return max(1, -(-wide // (width - 1)))


def _write_end(sheet: Any, at: int, rows: Sequence[BranchRow], formats: dict[str, Any]) -> None:
    """Sum up, and leave room for who signs."""
    sheet.merge_range(at, 0, at, OLD - 1, f"合计（{len(rows)} 笔）", formats["head"])
    sheet.write_number(at, OLD, sum(row.previous_limit_yuan or 0 for row in rows), formats["money"])
    sheet.write_number(at, NEW, sum(row.limit_yuan for row in rows), formats["money"])
    sheet.merge_range(at, NEW + 1, at, LAST, "", formats["text"])
    sheet.write(at + 2, 0, "经办人签字：")
    sheet.write(at + 2, 4, "审批人签字：")
    sheet.write(at + 2, NEW, "日期：")
