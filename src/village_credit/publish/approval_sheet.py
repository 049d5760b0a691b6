"""A branch's rows become sheets to sign, one a product: what changes, from what to what, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data_contracts.branch import PRODUCTS_ZH, BranchRow
from village_credit.publish.printed_sheet import formats_of, head, lay_out, new_book, write_texts

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
SIGNED = 3  # rows from the last line to the signatures


def approval_sheets(rows: Sequence[BranchRow], places: Sequence[tuple[str, str]]) -> bytes:
    """Draw one approval sheet a product: title, 单位：元, a row a line, sums, and where to sign.

    `places`: village and telephone of each row. Printed across, one page wide, the header on each.
    """
    book, buffer = new_book()
    formats = formats_of(book)
    for product, label in PRODUCTS_ZH.items():
        chosen = [pair for pair in zip(rows, places, strict=True) if pair[0].product == product]
        if chosen or product == "farmer_line":
            _sheet(book.add_worksheet(label), label, chosen, formats)
    book.close()
    return buffer.getvalue()


def _sheet(sheet: Any, label: str, rows: Sequence[tuple[BranchRow, tuple[str, str]]], formats: dict[str, Any]) -> None:
    lay_out(sheet, COLUMNS, HEADER_ROW, HEADER_ROW + len(rows) + SIGNED)
    head(sheet, f"整村授信批量审批表（{label}）", COLUMNS, HEADER_ROW, formats)
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
    write_texts(sheet, at, texts, COLUMNS, formats)
    sheet.write_number(at, OLD, row.previous_limit_yuan or 0, formats["money"])
    sheet.write_number(at, NEW, row.limit_yuan, formats["money"])


def _write_end(sheet: Any, at: int, rows: Sequence[BranchRow], formats: dict[str, Any]) -> None:
    """Sum up, and leave room for who signs."""
    sheet.merge_range(at, 0, at, OLD - 1, f"合计（{len(rows)} 笔）", formats["head"])
    sheet.write_number(at, OLD, sum(row.previous_limit_yuan or 0 for row in rows), formats["money"])
    sheet.write_number(at, NEW, sum(row.limit_yuan for row in rows), formats["money"])
    sheet.merge_range(at, NEW + 1, at, LAST, "", formats["text"])
    sheet.write(at + 2, 0, "经办人签字：")
    sheet.write(at + 2, 4, "审批人签字：")
    sheet.write(at + 2, NEW, "日期：")
