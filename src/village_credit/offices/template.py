"""An Excel template that cannot eat ID numbers: code columns are text, lists drop down, the same bytes each time."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import xlsxwriter

from data_contracts.fields import Kind
from village_credit.offices.describe import ContractPage, FieldPage
from village_credit.offices.documents import expectation

READY_ROWS = 2000  # rows below the header that are formatted and have drop-downs
LIST_LETTERS = 255  # a drop-down of written words holds no more
MADE = datetime(2026, 1, 1)  # noqa: DTZ001  # a workbook's time has no zone; fixed, or no two would be equal
TEXT_KINDS = (Kind.ID, Kind.CODE, Kind.PHONE, Kind.TEXT, Kind.NAME, Kind.LABEL, Kind.MONTH, Kind.DAY)


def template(page: ContractPage, *, is_filled: bool = False) -> bytes:
    """Write the template; `is_filled` puts the example into the first row, as an office would."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties({"title": page.title, "created": MADE})
        book.set_custom_property("contract", page.name)
        book.set_custom_property("contract_version", page.version)
        _write_table(book, page, is_filled=is_filled)
        _write_guide(book, page)
    return buffer.getvalue()


def _write_table(book: Any, page: ContractPage, *, is_filled: bool) -> None:
    sheet = book.add_worksheet(page.title)
    heads = {
        is_required: book.add_format(
            {"bold": True, "text_wrap": True, "border": 1, "num_format": "@", "bg_color": colour}
        )
        for is_required, colour in ((True, "#FCE4D6"), (False, "#DDEBF7"))
    }
    text = book.add_format({"num_format": "@"})
    for column, field in enumerate(page.fields):
        is_text = field.spec.kind in TEXT_KINDS
        sheet.set_column(column, column, 20, text if is_text else None)
        sheet.write_string(0, column, field.header, heads[field.spec.is_required])
        sheet.write_comment(0, column, expectation(field), {"x_scale": 2})
        if is_filled and field.example:
            sheet.write_string(1, column, field.example, text)
        _drop_down(sheet, column, field)
    sheet.freeze_panes(1, 0)


def _drop_down(sheet: Any, column: int, field: FieldPage) -> None:
    words = [word for _, word in field.choices]
    if words and len(",".join(words)) <= LIST_LETTERS:
        sheet.data_validation(
            1, column, READY_ROWS, column, {"validate": "list", "source": words, "error_type": "warning"}
        )


def _write_guide(book: Any, page: ContractPage) -> None:
    """The second sheet says what each column must hold; it has no header of the contract."""
    sheet = book.add_worksheet("填报说明")
    sheet.write_string(0, 0, f"填报说明：{page.title}（{page.name} {page.version}），报送部门：{page.office_zh}")
    for row, field in enumerate(page.fields, start=2):
        needed = "必填" if field.spec.is_required else "选填"
        sheet.write_string(row, 0, f"{field.header}：{needed}；{expectation(field)}；示例（虚构）：{field.example}")
    sheet.set_column(0, 0, 120)
