"""Cells of xlsx and xls become text that keeps what they were; what is no data row is told apart and counted."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from village_credit.extract import workbooks
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.read import read_file
from village_credit.extract.workbooks import cell_text, read_workbook

HEADER = ["身份证号", "姓名", "关系", "更新日期"]
ROW = ["11010519491231002X", "王五", "董事", "2026-03-05"]
SUBSIDY = ["年度", "姓名", "身份证号", "所在村", "承包地面积", "实际补贴面积", "实发金额"]
PAID = [2026, "王五", "11010519491231002X", "团结村", 12.5, 11.0, 1320.55]

Paint = Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], None]


def xlsx(*rows: list[object], paint: Paint | None = None, sheet: str = "表") -> bytes:
    """Write rows as Excel would type them; `paint` adds what a list of rows cannot say."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
        if paint:
            paint(book, page)
    return buffer.getvalue()


def xls(*rows: list[object]) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("表")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            page.write(number, column, value, *([day] if isinstance(value, date) else []))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def tables_of(content: bytes, name: str = "关系人.xlsx") -> list[Extract | Unrecognised]:
    return list(read_file(DeliveredFile(name, content, hashlib.sha256(content).hexdigest())))


def extract_of(content: bytes) -> Extract:
    (extract,) = tables_of(content)
    assert isinstance(extract, Extract)
    return extract


def column(content: bytes, name: str) -> list[str]:
    return extract_of(content).rows.column(name).to_pylist()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (110105194912310021, "1.10105194912310E+17"),
        (1e15, "1.00000000000000E+15"),
        (999999999999999, "999999999999999"),
        (0.1 + 0.2, "0.3"),
        (2026.0, "2026"),
        (True, "TRUE"),
        (date(2026, 3, 5), "2026-03-05"),
        (datetime.fromisoformat("2026-03-05"), "2026-03-05"),
        (datetime.fromisoformat("2026-03-05T08:30"), "2026-03-05 08:30:00"),
        ("'011", "'011"),
    ],
)
def test_a_typed_cell_is_written_with_what_was_kept_of_it(cell, text):
    assert cell_text(cell) == text


@pytest.mark.parametrize("write", [xlsx, xls])
def test_an_id_stored_as_a_number_keeps_15_digits_and_no_invented_ones(write):
    (number,) = column(write(HEADER, [110105194912310021.0, *ROW[1:]]), "id_number")
    assert number == "1.10105194912310E+17"


@pytest.mark.parametrize("write", [xlsx, xls])
def test_an_id_stored_as_text_is_whole(write):
    assert column(write(HEADER, ROW), "id_number") == ["11010519491231002X"]


@pytest.mark.parametrize("write", [xlsx, xls])
def test_a_date_cell_is_a_day(write):
    assert column(write(HEADER, [*ROW[:3], date(2026, 3, 5)]), "updated_on") == ["2026-03-05"]


@pytest.mark.parametrize("fault", ["#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?"])
def test_an_error_cell_is_seen_and_not_taken_for_a_blank_one(fault):
    content = xlsx(HEADER, ROW, paint=lambda _, page: page.write_formula(1, 2, "=1/0", None, fault))
    assert column(content, "relation") == [fault]


def test_a_formula_gives_its_kept_value():
    content = xlsx(HEADER, ROW, paint=lambda _, page: page.write_formula(1, 2, '="董"&"事"', None, "董事"))
    assert column(content, "relation") == ["董事"]


def test_a_two_row_header_gives_its_groups_unit_to_each_column():
    upper = ["年度", "姓名", "身份证号", "所在村", "面积（亩）", "", "实发金额（元）"]
    lower = ["", "", "", "", "承包地面积", "实际补贴面积", ""]
    extract = extract_of(xlsx(["补贴表"], upper, lower, PAID))
    assert (extract.contract, extract.layout_lines) == ("land_subsidy", [1, 2, 3])
    assert extract.units == {"contracted_mu": "mu", "subsidised_mu": "mu", "paid_yuan": "yuan"}
    assert extract.rows.column("subsidised_mu").to_pylist() == ["11"]


def test_a_group_merged_over_its_columns_and_labels_merged_over_two_rows_are_one_header():
    def merge(book, page):
        for index in (0, 1, 2, 3, 6):
            page.merge_range(0, index, 1, index, SUBSIDY[index])
        page.merge_range(0, 4, 0, 5, "面积(公顷)")

    lower = ["", "", "", "", "承包地面积", "实际补贴面积", ""]
    extract = extract_of(xlsx([], lower, PAID, paint=merge))
    assert extract.units["contracted_mu"] == extract.units["subsidised_mu"] == "hectare"
    assert extract.rows.column("line_number").to_pylist() == [3]


def test_titles_and_a_unit_row_stand_above_the_header():
    title, unit = ["红柳乡2026年耕地地力保护补贴"], ["单位：万元、亩"]
    extract = extract_of(xlsx(title, unit, SUBSIDY, PAID))
    assert extract.layout_lines == [1, 2, 3]
    assert extract.units == {"contracted_mu": "mu", "subsidised_mu": "mu", "paid_yuan": "ten_thousand_yuan"}
    assert "红柳乡" in extract.place_hint


@pytest.mark.parametrize("word", ["合计", "制表人：某某", "审核：", "注：以上含补发"])
def test_footers_are_layout(word):
    extract = extract_of(xlsx(HEADER, ROW, [word, "", "", ""]))
    assert (extract.layout_lines, extract.rows.num_rows) == ([1, 3], 1)


def test_a_person_whose_name_begins_like_a_footer_is_no_footer():
    extract = extract_of(xlsx(["姓名", "身份证号", "关系", "更新日期"], ["合计买买提", ROW[0], *ROW[2:]]))
    assert extract.rows.column("person_name").to_pylist() == ["合计买买提"]


def test_a_key_merged_down_belongs_to_each_of_its_rows():
    def merge(book, page):
        page.merge_range(1, 3, 3, 3, "团结村")

    rows = [[*PAID[:3], "", *PAID[4:]] for _ in range(3)]
    assert column(xlsx(SUBSIDY, *rows, paint=merge), "village_name") == ["团结村"] * 3


def test_a_key_merged_down_below_the_last_row_still_belongs_to_those_above():
    def merge(book, page):
        page.merge_range(1, 3, 9, 3, "团结村")

    rows = [[*PAID[:3], "", *PAID[4:]] for _ in range(2)]
    assert column(xlsx(SUBSIDY, *rows, paint=merge), "village_name")[:2] == ["团结村"] * 2


def test_hidden_sheets_are_read_like_the_others():
    def hide(book, page):
        hidden = book.add_worksheet("旧")
        hidden.hide()
        hidden.write_row(0, 0, HEADER)
        hidden.write_row(1, 0, ROW)

    tables = tables_of(xlsx(HEADER, ROW, paint=hide))
    assert [(table.sheet, table.contract, table.rows.num_rows) for table in tables] == [
        ("表", "related_party", 1),
        ("旧", "related_party", 1),
    ]
    assert [[code for code, _ in table.notes] for table in tables] == [[], ["HIDDEN_SHEET"]]


def test_a_hidden_sheet_of_no_contract_is_said_to_be_hidden_and_an_empty_one_is_nothing():
    def hide(book, page):
        hidden = book.add_worksheet("草稿")
        hidden.hide()
        hidden.write_row(0, 0, ["甲", "乙"])
        book.add_worksheet("空").hide()

    _, draft = tables_of(xlsx(HEADER, ROW, paint=hide))
    assert isinstance(draft, Unrecognised)
    assert (draft.sheet, draft.code) == ("草稿", "UNRECOGNISED")
    assert draft.detail.startswith("hidden sheet; ")


def test_rows_hidden_by_a_filter_are_rows():
    content = xlsx(HEADER, ROW, ROW, paint=lambda _, page: page.set_row(2, None, None, {"hidden": True}))
    assert extract_of(content).rows.num_rows == 2


def test_trailing_rows_of_formatted_blanks_are_counted_as_layout():
    def bold_below(book, page):
        page.write_blank(8, 1, None, book.add_format({"bold": True}))
        page.set_row(11, 30)

    content = xlsx(HEADER, ROW, paint=bold_below)
    extract = extract_of(content)
    assert extract.total_lines == openpyxl.load_workbook(io.BytesIO(content)).active.max_row == 9
    assert extract.layout_lines == [1, 3, 4, 5, 6, 7, 8, 9]


def test_blank_rows_above_the_table_keep_the_line_numbers_of_the_sheet():
    content = xlsx([], [], HEADER, [], ROW)
    extract = extract_of(content)
    assert extract.rows.column("line_number").to_pylist() == [5]
    assert extract.total_lines == openpyxl.load_workbook(io.BytesIO(content)).active.max_row == 5


def test_columns_to_the_left_that_are_blank_shift_nothing():
    assert column(xlsx(["", *HEADER], ["", *ROW]), "person_name") == ["王五"]


def test_an_unknown_sheet_beside_a_known_one_is_reported_with_what_it_lacks():
    def describe(book, page):
        book.add_worksheet("说明").write_row(0, 0, ["身份证号", "姓名", "爱好"])

    _, unknown = tables_of(xlsx(HEADER, ROW, paint=describe))
    assert (unknown.sheet, unknown.code, unknown.total_lines) == ("说明", "UNRECOGNISED", 1)
    assert "lacks" in unknown.detail


def test_an_xls_gives_the_same_rows_as_the_xlsx():
    rows = [HEADER, ROW, [*ROW[:3], date(2026, 4, 1)], ["合计", "", "", ""]]
    assert read_workbook(xls(*rows))[0].cells == read_workbook(xlsx(*rows))[0].cells


def test_sheet_names_with_marks_of_xml_find_their_error_cells():
    content = xlsx(
        HEADER, ROW, sheet="甲&乙<1>", paint=lambda _, page: page.write_formula(1, 2, "=1/0", None, "#DIV/0!")
    )
    assert column(content, "relation") == ["#DIV/0!"]


def test_a_stray_value_in_the_farthest_cell_is_refused_before_it_exhausts_memory():
    content = xlsx(HEADER, ROW, paint=lambda _, page: page.write(1048575, 16383, "x"))
    (refused,) = tables_of(content)
    assert (refused.code, refused.sheet) == ("UNREADABLE_FILE", "表")
    assert refused.detail == "a cell far off from the table: delete it and deliver again"


def test_a_formatted_blank_in_the_farthest_cell_costs_nothing_but_layout_lines():
    def bold(book, page):
        page.write_blank(99999, 16383, None, book.add_format({"bold": True}))

    extract = extract_of(xlsx(HEADER, ROW, paint=bold))
    assert (extract.rows.num_rows, extract.total_lines) == (1, 100000)


@pytest.mark.parametrize("at", [1792, 1806, 1140, 4096])
def test_an_xls_with_a_false_length_is_refused_and_ends_nothing_but_itself(at):
    content = bytearray(xls(HEADER, HEADER))
    content[at : at + 4] = b"\xff" * 4
    tables = tables_of(bytes(content), "关系人.xls")
    assert [isinstance(table, Extract) or table.code == "UNREADABLE_FILE" for table in tables] == [True]


def test_an_xls_cut_short_is_refused_with_what_to_do():
    (refused,) = tables_of(xls(HEADER, ROW)[:3000], "关系人.xls")
    assert refused.code == "UNREADABLE_FILE"
    assert "deliver it again" in refused.detail


def test_an_amount_merged_down_is_said_once_and_a_key_for_each_row():
    """One payment written across a household's rows is one payment; the household's name is everybody's."""

    def merge(book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet) -> None:
        page.merge_range(1, 3, 2, 3, "团结村")
        page.merge_range(1, 6, 2, 6, 1320.55)

    extract = extract_of(xlsx(SUBSIDY, PAID, PAID, paint=merge))
    assert extract.rows["village_name"].to_pylist() == ["团结村", "团结村"]
    assert extract.rows["paid_yuan"].to_pylist() == ["1320.55", ""]


def test_a_workbook_of_65000_columns_is_matched_once_per_row():
    """A false column number in a damaged workbook: the blank cells before it name nothing and cost nothing."""
    extract = extract_of(xlsx([*HEADER, *[""] * 5000, "乱"], [*ROW, *[""] * 5000, "乱"]))
    assert extract.rows.num_rows == 1
    assert extract.dropped_columns == [("乱", "undeclared")]


@settings(max_examples=500, deadline=None, database=None, derandomize=True)
@given(
    st.lists(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.decimals(-1e6, 1e6, places=2).map(float)))
)
@example([0.1 + 0.2, -0.0, 0.0, 1e15, 1e16, 1e-4, 1e-5, 123456789012345.0, 650101199001011234.0, 5e-324, 12.50, 1 / 3])
def test_a_column_of_numbers_is_written_as_each_of_its_cells(numbers):
    cells = ["", *numbers, "x", True, date(2026, 3, 5)]
    assert workbooks._texts(cells).to_pylist() == ["", *map(cell_text, numbers), "x", "TRUE", "2026-03-05"]
