"""Layouts and habits of offices, each as a small file from its bytes to its judged rows.

`data_contracts/deliveries.md` names these tests.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt

from data_contracts.fields import check_character
from tests.conftest import AS_OF
from village_credit.errors import ExtractRejected
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.inbox import pull
from village_credit.extract.read import read_file, read_files
from village_credit.ingest.county import take_in
from village_credit.intake import Intake
from village_credit.synthetic import synthesize
from village_credit.validate.rows import Batch, normalise, validate

ID = "65990019800101001" + check_character("65990019800101001")
SUBSIDY = ["年度", "姓名", "身份证号", "所在村", "实际补贴面积(亩)", "实发金额(元)"]
PAID = ["2026", "王五", ID, "团结村", "10", "1320.5"]
RELATED = ["身份证号", "姓名", "关系", "更新日期"]
FARM = ["名称", "经营者姓名", "身份证号", "村", "类型", "家庭年收入(元)"]


def lines(*rows: list[str], end: str = "\r\n") -> str:
    return "".join(",".join(row) + end for row in rows)


def read(content: bytes | str, name: str = "表.csv") -> Extract | Unrecognised:
    raw = content.encode("gb18030") if isinstance(content, str) else content
    (table,) = read_file(DeliveredFile(name, raw, ""))
    return table


def judged(content: bytes | str, name: str = "表.csv") -> tuple[list[dict[str, object]], set[tuple[str, str]]]:
    """Return the accepted rows, and (field, reason) of what quarantines the others."""
    table = read(content, name)
    assert isinstance(table, Extract), table
    accepted, findings = validate(Batch(table.contract, table.rows, table.units))
    return accepted.to_pylist(), {(f["field"], f["reason_code"]) for f in findings.to_pylist() if f["is_quarantine"]}


def workbook(*rows: list[object]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet("表")
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return buffer.getvalue()


def old_workbook(*rows: list[object]) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("表")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            style = xlwt.easyxf(num_format_str="YYYY-MM-DD") if isinstance(value, date) else xlwt.Style.default_style
            page.write(number, column, value, style)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parquet(header: list[str], *rows: list[str]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("titles", [0, 1, 7, 14])
def test_the_header_is_found_in_any_of_the_first_fifteen_rows(titles):
    table = read(lines(*[["红柳乡补贴表", "", "", "", "", ""]] * titles, SUBSIDY, PAID))
    assert (table.contract, table.layout_lines) == ("land_subsidy", list(range(1, titles + 2)))
    assert table.rows.column("line_number").to_pylist() == [titles + 2]


def test_a_header_below_the_fifteenth_row_is_not_looked_for():
    table = read(lines(*[["红柳乡补贴表", "", "", "", "", ""]] * 15, SUBSIDY, PAID))
    assert (table.code, table.total_lines) == ("UNRECOGNISED", 17)
    assert table.detail == "no known header among the first 15 rows"


@pytest.mark.parametrize(
    ("header", "written", "mu"),
    [
        ("实际补贴面积（亩）", "10", "10"),
        ("*实际补贴面积(亩)", "10", "10"),
        ("＊ 实际补贴\n面积 [亩]：", "10", "10"),
        ("补贴面积〔公顷〕", "0.5", "7.5"),
        ("核定补贴面积【平方米】", "10000", "15"),
        ("实际补贴面积(㎡)", "10000", "15"),
        ("实际补贴面积(M2)", "10000", "15"),
    ],
)
def test_marks_brackets_line_breaks_and_units_of_a_header_are_understood(header, written, mu):
    labels = [*SUBSIDY[:4], f'"{header}"', SUBSIDY[5]]
    ((row,), faults) = judged(lines(labels, [*PAID[:4], written, PAID[5]]))
    assert (row["subsidised_mu"], faults) == (Decimal(mu), set())


@pytest.mark.parametrize(("unit", "yuan"), [("元", "5"), ("人民币元", "5"), ("千元", "5000"), ("万元", "50000")])
def test_money_is_in_the_unit_that_its_header_says(unit, yuan):
    ((row,), _) = judged(lines([*SUBSIDY[:5], f"实发金额（{unit}）"], [*PAID[:5], "5"]))
    assert row["paid_yuan"] == Decimal(yuan)


@pytest.mark.parametrize("said", ["单位：公顷、万元", "(计量单位:公顷;万元)", "金额单位：万元 面积单位：公顷"])
def test_a_row_of_units_above_the_header_holds_for_columns_that_say_none(said):
    bare = [label.split("(")[0] for label in SUBSIDY]
    ((row,), _) = judged(lines([said, "", "", "", "", ""], bare, [*PAID[:4], "0.5", "0.2"]))
    assert (row["subsidised_mu"], row["paid_yuan"]) == (Decimal("7.5"), Decimal(2000))


def test_a_row_that_names_two_units_of_money_says_none_and_the_file_is_refused():
    bare = [label.split("(")[0] for label in SUBSIDY]
    table = read(lines(["单位：元/万元、亩", "", "", "", "", ""], bare, [*PAID[:4], "10", "0.2"]))
    with pytest.raises(ExtractRejected, match="state the unit in the header") as refusal:
        normalise(Batch(table.contract, table.rows, table.units))
    assert refusal.value.code == "UNIT_UNKNOWN"


@pytest.mark.parametrize(
    ("cell", "header", "field"),
    [("500元", "实发金额(万元)", "paid_yuan"), ("5亩", "实际补贴面积(公顷)", "subsidised_mu")],
)
def test_a_cell_that_names_another_unit_than_its_header_is_not_converted(cell, header, field):
    at = 5 if field == "paid_yuan" else 4
    labels, row = [*SUBSIDY], [*PAID]
    labels[at], row[at] = header, cell
    assert judged(lines(labels, row)) == ([], {(field, "UNREADABLE_NUMBER")})


@pytest.mark.parametrize(
    "word", ["合计", "总 计", "小计", "共计：", "制表人：某某", "填报单位(盖章)", "审核人", "备注：含补发"]
)
def test_a_sum_or_a_signature_is_layout_wherever_it_stands(word):
    footer = [word, "", "", "", "10", "1320.5"]
    table = read(lines(SUBSIDY, PAID, footer, PAID, footer))
    assert (table.layout_lines, table.rows.num_rows) == ([1, 3, 5], 2)


def test_a_delivery_of_mixed_encodings_says_the_same_in_each():
    text = lines(RELATED, [ID, "吐尔逊·阿合买提", "董事", "2026-03-05"], [ID, "一〇四团王五", "监事", "2026-03-05"])
    encodings = ["gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
    files = [DeliveredFile(f"{encoding}.csv", text.encode(encoding), "") for encoding in encodings]
    tables = list(read_files(files))
    assert all(table.rows.equals(tables[0].rows) for table in tables)
    assert tables[0].rows.column("person_name").to_pylist() == ["吐尔逊·阿合买提", "一〇四团王五"]


def test_mixed_line_ends_are_one_kind_of_line_end():
    rows = [f"{ID},王五,董事,{day}" for day in ("2026-03-05", "2026-03-06", "2026-03-07")]
    table = read(",".join(RELATED) + "\r\n" + rows[0] + "\n" + rows[1] + "\r\n" + rows[2])
    assert table.rows.column("updated_on").to_pylist() == ["2026-03-05", "2026-03-06", "2026-03-07"]
    assert table.total_lines == 4


@pytest.mark.parametrize(
    "written",
    [
        "2020-03-05",
        "2020/3/5",
        "2020.3.5",
        "2020.03.05",
        "2020年3月5日",
        "２０２０年３月５日",
        "20200305",
        "43895",
        "2020-03-05 08:30:00",
    ],
)
def test_a_day_is_read_as_offices_write_it(written):
    ((row,), _) = judged(lines(RELATED, [ID, "王五", "董事", written]))
    assert row["updated_on"] == date(2020, 3, 5)


@pytest.mark.parametrize("written", ["2020年3月", "202003", "2020-03", "2020/3", "2020.3", "2020.03"])
def test_a_month_is_its_first_day(written):
    ((row,), _) = judged(lines(RELATED, [ID, "王五", "董事", written]))
    assert row["updated_on"] == date(2020, 3, 1)


@pytest.mark.parametrize(
    "written", ["2020.1", "20203", "201913", "20200230", "3/5/2020", "05.03.20", "2020", "2020年", "长期", "2100-01-01"]
)
def test_a_day_that_could_be_another_or_none_is_never_guessed(written):
    assert judged(lines(RELATED, [ID, "王五", "董事", written])) == ([], {("updated_on", "UNREADABLE_DATE")})


@pytest.mark.parametrize("write", [workbook, old_workbook])
def test_a_date_cell_and_a_serial_number_are_the_same_day(write):
    rows = [[ID, "王五", "董事", date(2020, 3, 5)], [ID, "王五", "监事", 43895]]
    accepted, faults = judged(write(RELATED, *rows), "表.xls")
    assert ([row["updated_on"] for row in accepted], faults) == ([date(2020, 3, 5)] * 2, set())


@pytest.mark.parametrize(
    ("unit", "written", "yuan"),
    [
        ("元", "5万-20万", "50000"),
        ("元", "5～20万元", "50000"),
        ("元", "5000元-2万元", "5000"),
        ("元", "5000-2万", "5000"),
        ("元", "5万元以下", "0"),
        ("元", "20万以上", "200000"),
        ("元", "50000-200000", "50000"),
        ("万元", "5-20", "50000"),
        ("万元", "5万-20万", "50000"),
        ("万元", "20万元以上", "200000"),
    ],
)
def test_of_a_band_the_lower_bound_counts_where_the_contract_allows_bands(unit, written, yuan):
    header = [*FARM[:5], f"家庭年收入({unit})"]
    ((row,), faults) = judged(lines(header, ["某农场", "王五", ID, "团结村", "家庭农场", written]))
    assert (row["income_yuan"], faults) == (Decimal(yuan), set())


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("20万-5万", "INTERVAL_NOT_ALLOWED"),
        ("5万-20", "INTERVAL_NOT_ALLOWED"),
        ("1.2.3万以上", "UNREADABLE_NUMBER"),
        (".万-..万", "UNREADABLE_NUMBER"),
        ("5万左右", "UNREADABLE_NUMBER"),
    ],
)
def test_a_band_that_is_upside_down_or_no_band_is_refused(written, reason):
    row = ["某农场", "王五", ID, "团结村", "家庭农场", written]
    assert judged(lines(FARM, row)) == ([], {("income_yuan", reason)})


def test_a_band_where_the_contract_asks_for_a_number_is_refused():
    assert judged(lines(SUBSIDY, [*PAID[:5], "5万-20万"])) == ([], {("paid_yuan", "INTERVAL_NOT_ALLOWED")})


@pytest.mark.parametrize("fault", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!"])
def test_a_formula_that_failed_is_told_as_such(fault):
    assert judged(lines(SUBSIDY, [*PAID[:5], fault])) == ([], {("paid_yuan", "ERROR_CELL")})


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (workbook(SUBSIDY, PAID), "表.xlsx"),
        (old_workbook(SUBSIDY, PAID), "表.xls"),
        (parquet(SUBSIDY, PAID), "表.parquet"),
    ],
    ids=["xlsx", "xls", "parquet"],
)
def test_a_table_says_the_same_in_every_format(content, name):
    (expected,), _ = judged(lines(SUBSIDY, PAID))
    (row,), faults = judged(content, name)
    assert faults == set()
    assert {k: v for k, v in row.items() if "line" not in k} == {k: v for k, v in expected.items() if "line" not in k}


def parcels(*areas: tuple[str, str]) -> Batch:
    rows = [[f"65990010020101{at:05d}", "65990010020101", "659900100201010001", *area] for at, area in enumerate(areas)]
    table = read(lines(["DKBM", "FBFBM", "CBFBM", "HTMJ", "HTMJM"], *rows))
    return Batch(table.contract, table.rows, table.units)


@pytest.mark.parametrize(
    ("areas", "unit"), [([("2000", "3"), ("4000.02", "6")], "square_metre"), ([("3", "3"), ("6", "6.001")], "mu")]
)
def test_square_metres_or_mu_is_settled_for_each_file_by_its_two_columns(areas, unit):
    batch = parcels(*areas)
    assert normalise(batch).units == {"measured_mu": unit, "contract_mu": "mu"}
    accepted, _ = validate(batch)
    assert [round(row["measured_mu"]) for row in accepted.to_pylist()] == [3, 6]


def test_two_areas_that_agree_in_no_unit_reject_the_file():
    with pytest.raises(ExtractRejected, match="disagree in most of 2 rows") as refusal:
        normalise(parcels(("2000", "5"), ("4000", "9")))
    assert refusal.value.code == "UNIT_UNKNOWN"


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    inbox: Path = tmp_path_factory.mktemp("layouts") / "inbox"
    synthesize(inbox, "659900", 2, 30, 3, AS_OF)
    return take_in(pull(inbox, "659900"), AS_OF, "659900")


def test_the_unit_settled_for_each_column_is_recorded_with_its_file(county):
    (parcel,) = [source for source in county.sources if source.contract == "land_parcel"]
    assert parcel.units == {"measured_mu": "square_metre", "contract_mu": "mu"}
    (subsidy,) = [source for source in county.sources if source.contract == "land_subsidy"]
    assert set(subsidy.units.values()) == {"mu", "yuan"}


MACHINES = ["年度", "姓名", "身份证号", "所在乡镇", "所在村", "机具品目", "购买数量", "补贴金额(元)"]
MEMBER = ["CBFBM", "CYXM", "CYXB", "YHZGX", "CYZJHM"]


@pytest.mark.parametrize(
    ("header", "row", "fault"),
    [
        (MEMBER, ["659900100201010001", "王五", "不详", "02", ID], ("sex", "NOT_IN_LIST")),
        (MEMBER, ["65990010020101", "王五", "1", "02", ID], ("contractor_code", "UNREADABLE_CODE")),
        (MEMBER, ["6.59900100201010E+17", "王五", "1", "02", ID], ("contractor_code", "UNREADABLE_CODE")),
        (SUBSIDY, ["26", *PAID[1:]], ("year", "UNREADABLE_YEAR")),
        (SUBSIDY, [*PAID[:5], "-5"], ("paid_yuan", "NEGATIVE_NUMBER")),
        (SUBSIDY, [*PAID[:5], "约500"], ("paid_yuan", "UNREADABLE_NUMBER")),
        (SUBSIDY, [*PAID[:5], "5.005"], ("paid_yuan", "TOO_MANY_DECIMALS")),
        (SUBSIDY, [*PAID[:5], ""], ("paid_yuan", "REQUIRED_EMPTY")),
        (SUBSIDY, [PAID[0], "王" * 51, *PAID[2:]], ("payee_name", "TOO_LONG")),
        (SUBSIDY, [*PAID[:2], "6.599E+17", *PAID[3:]], ("id_number", "ID_UNRECOVERABLE")),
        (SUBSIDY, [*PAID[:2], "无", *PAID[3:]], ("id_number", "ID_MALFORMED")),
        (
            ["合同号", "用信金额(元)", "用信日期", "用途"],
            ["HT-1", "500", "2026-11-07", "婚礼"],
            ("purpose", "NOT_IN_LIST"),
        ),
    ],
)
def test_a_value_that_breaks_its_contract_quarantines_its_row_with_the_reason(header, row, fault):
    assert judged(lines(header, row)) == ([], {fault})


def test_from_twenty_rows_on_a_file_that_is_refused_almost_whole_is_rejected():
    content = lines(SUBSIDY, *[["去年", *PAID[1:]]] * 20)
    table = read(content)
    with pytest.raises(ExtractRejected, match="only 0 of 20 rows") as refusal:
        validate(Batch(table.contract, table.rows, table.units))
    assert refusal.value.code == "TOO_MANY_QUARANTINED"
