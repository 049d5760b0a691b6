"""A logical value, a day of the 1904 epoch and a cut ID say the same in every format; odd tables have an outcome."""

from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.unit.extract.test_dbf_types import dbf
from tests.unit.extract.test_spoilt_cells import ods_of
from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file
from village_credit.validate.rows import Batch, validate

BOOK = ["年度", "户主姓名", "身份证号", "乡镇", "村", "合作社成员"]
VALUES = [2025, "王安娜", "659900198001010112", "红柳乡", "前村"]


def as_xlsx(values: list[bool | None]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, row in enumerate([BOOK, *[[*VALUES, value] for value in values]]):
            page.write_row(number, 0, row)
    return buffer.getvalue()


def as_xls(values: list[bool | None]) -> bytes:
    book = xlwt.Workbook()
    page = book.add_sheet("表")
    for number, row in enumerate([BOOK, *[[*VALUES, value] for value in values]]):
        for column, cell in enumerate(row):
            page.write(number, column, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def as_parquet(values: list[bool | None]) -> bytes:
    rows = [[*VALUES, value] for value in values]
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(zip(BOOK, map(list, zip(*rows, strict=True)), strict=True))), buffer)
    return buffer.getvalue()


def as_csv(values: list[bool | None]) -> bytes:
    words = {True: "TRUE", False: "FALSE", None: ""}
    rows = [BOOK, *[[*map(str, VALUES), words[value]] for value in values]]
    return "\n".join([",".join(row) for row in rows] + [""]).encode()


def as_dbf(values: list[bool | None]) -> bytes:
    marks = {True: b"T", False: b"F", None: b"?"}
    widths = [4, 12, 18, 12, 12, 1]
    columns = [(name, "L" if width == 1 else "C", width) for name, width in zip(BOOK, widths, strict=True)]
    cells = [str(value).encode("gb18030").ljust(width) for value, width in zip(VALUES, widths, strict=False)]
    return dbf(columns, *[b"".join(cells) + marks[value] for value in values], version=0x03)


def judged(content: bytes, name: str = "x") -> tuple[pa.Table, list[tuple[int, str]]]:
    (extract,) = read_file(DeliveredFile(name, content, ""))
    assert isinstance(extract, Extract), extract
    assert extract.rejected is None
    accepted, findings = validate(Batch(extract.contract, extract.rows, extract.units))
    return accepted, [(row["line_number"], row["reason_code"]) for row in findings.to_pylist()]


@pytest.mark.parametrize("write", [as_xlsx, as_xls, as_parquet, as_csv, as_dbf])
def test_a_logical_value_is_yes_or_no_in_every_format(write):
    accepted, findings = judged(write([True, False, None]))
    assert accepted.column("is_cooperative_member").to_pylist() == ["是", "否", None]
    assert findings == []


def test_a_logical_value_stands_for_the_code_of_yes_or_no():
    header = "CBFBM,CYXM,CYXB,CYZJLX,CYZJHM,YHZGX,SFGYR"
    rows = ["659900100201010001,王安娜,女,1,659900198001010112,户主,TRUE", "659900100201010001,王老,男,,,父亲,false"]
    accepted, findings = judged("\n".join([header, *rows, ""]).encode())
    assert (accepted.column("is_co_owner").to_pylist(), findings) == (["1", "2"], [])


PARTY = ["身份证号", "姓名", "关系", "更新日期"]
PERSON = ["11010519491231002X", "王五", "董事"]


def xlsx_1904() -> bytes:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in (PARTY, [*PERSON, 44624], [*PERSON, "2026-03-05"]):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def xls_1904() -> bytes:
    book = xlwt.Workbook()
    book.dates_1904 = True
    page = book.add_sheet("表")
    for number, row in enumerate([PARTY, [*PERSON, 44624], [*PERSON, "2026-03-05"]]):
        for column, cell in enumerate(row):
            page.write(number, column, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def ods_1904() -> bytes:
    """An ods of the three rows above; LibreOffice writes the epoch before the tables."""
    text = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    number = '<table:table-cell office:value-type="float" office:value="44624"/>'
    last = [text.format("更新日期"), number, text.format("2026-03-05")]
    rows = [[text.format(cell) for cell in row[:3]] for row in (PARTY, PERSON, PERSON)]
    table = "".join(
        f"<table:table-row>{''.join(row)}{cell}</table:table-row>" for row, cell in zip(rows, last, strict=True)
    )
    epoch = '<table:calculation-settings><table:null-date table:date-value="1904-01-01"/></table:calculation-settings>'
    return ods_of(f'{epoch}<table:table table:name="表">{table}</table:table>')


@pytest.mark.parametrize("write", [xlsx_1904, xls_1904, ods_1904])
def test_a_bare_number_of_a_day_counts_from_the_workbooks_own_epoch(write):
    accepted, _ = judged(write())
    assert [f"{day:%Y-%m-%d}" for day in accepted.column("updated_on").to_pylist()] == ["2026-03-05", "2026-03-05"]


@pytest.mark.parametrize(
    "written",
    [
        "6.59900198001010E+17",
        "6.59900198001010E+017",
        "6.5990019800101E+17",
        "6.5990019800101E+017",
        "6.5990019800101e+17",
        "6.5990019800101E17",
    ],
)
def test_fifteen_digits_are_read_however_the_exponent_is_written(written):
    rows = f"{','.join(PARTY)}\n{written},王五,董事,2026-03-05\n"
    accepted, _ = judged(rows.encode())
    assert accepted.select(["id_number", "id_status"]).to_pylist() == [
        {"id_number": "659900198001010***", "id_status": "excel_damaged"}
    ]


def test_six_digits_of_a_number_are_not_enough():
    _, findings = judged(f"{','.join(PARTY)}\n6.59900E+17,王五,董事,2026-03-05\n".encode())
    assert findings == [(2, "ID_UNRECOVERABLE")]


Paint = Callable[[xlsxwriter.Workbook], None]


def painted(paint: Paint) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        paint(book)
    return buffer.getvalue()


def test_an_id_column_half_text_half_number_keeps_the_one_and_knows_the_other_as_cut():
    def paint(book: xlsxwriter.Workbook) -> None:
        page = book.add_worksheet()
        page.write_row(0, 0, PARTY)
        page.write_row(1, 0, [*PERSON, "2026-03-05"])
        page.write_row(2, 0, [110105194912310021, *PERSON[1:], "2026-03-05"])

    accepted, _ = judged(painted(paint))
    assert accepted.column("id_status").to_pylist() == ["valid", "excel_damaged"]


def test_of_three_hundred_columns_the_three_with_a_header_are_read():
    def paint(book: xlsxwriter.Workbook) -> None:
        page = book.add_worksheet()
        for number, row in enumerate([PARTY, [*PERSON, "2026-03-05"]]):
            for place, cell in enumerate(row):
                page.write(number, 90 * place, cell)
            page.write_row(number, 271, ["" if number == 0 else "x"] * 29)

    accepted, _ = judged(painted(paint))
    assert accepted.num_rows == 1


def test_sixty_sheets_of_a_village_each_are_sixty_tables():
    def paint(book: xlsxwriter.Workbook) -> None:
        for number in range(60):
            page = book.add_worksheet(f"{number}村")
            page.write_row(0, 0, PARTY)
            page.write_row(1, 0, [*PERSON, "2026-03-05"])

    tables = list(read_file(DeliveredFile("x.xlsx", painted(paint), "")))
    assert [(table.sheet, table.rows.num_rows) for table in tables] == [(f"{number}村", 1) for number in range(60)]


def test_a_cover_and_a_table_that_begins_in_row_thirty_are_named():
    def paint(book: xlsxwriter.Workbook) -> None:
        book.add_worksheet("封面").write(5, 2, "红柳乡2026年度报表")
        page = book.add_worksheet("表")
        page.write_row(29, 0, PARTY)
        page.write_row(30, 0, [*PERSON, "2026-03-05"])

    tables = list(read_file(DeliveredFile("x.xlsx", painted(paint), "")))
    assert [(table.sheet, table.code, table.total_lines) for table in tables] == [
        ("封面", "UNRECOGNISED", 6),
        ("表", "UNRECOGNISED", 31),
    ]
    assert tables[1].detail == "no known header among the first 15 rows"
