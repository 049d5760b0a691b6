"""Habits of offices beyond the plain table: units below the header, repeated heads, words instead of codes."""

from __future__ import annotations

from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file
from village_credit.validate.rows import Batch, validate

SUBSIDY = "年度,姓名,身份证号码(18位),所在村,实际补贴面积,实发金额"


def extract(text: str) -> Extract:
    (table,) = read_file(DeliveredFile("x.csv", text.encode(), "0" * 64))
    assert isinstance(table, Extract)
    return table


def test_units_in_a_row_of_their_own_below_the_header_hold_and_are_layout():
    table = extract(f"{SUBSIDY}\n,,,,公顷,万元\n2025,王安娜,659900198001010112,前村,2,0.5\n")
    assert table.layout_lines == [1, 2]
    assert (table.units["subsidised_mu"], table.units["paid_yuan"]) == ("hectare", "ten_thousand_yuan")


def test_a_header_repeated_further_down_is_layout():
    table = extract(
        f"补贴发放表,,,,,\n{SUBSIDY}\n2025,王安娜,659900198001010112,前村,20,5000\n{SUBSIDY}\n2025,李贝特,659900198505050125,前村,30,7000\n"
    )
    assert table.layout_lines == [1, 2, 4]
    assert table.rows.num_rows == 2


def test_a_total_and_who_made_the_table_are_layout_and_a_farmer_is_not():
    rows = "2025,王安娜,659900198001010112,前村,20,5000\n合 计,,,,20,5000\n制表人：某某,,,填表日期：2026.9.30,,\n"
    table = extract(f"{SUBSIDY}\n{rows}")
    assert table.layout_lines == [1, 3, 4]


def test_words_that_registers_use_instead_of_codes_are_read():
    table = extract(
        "CBFBM,CYXM,CYXB,CYZJLX,CYZJHM,YHZGX,CYBZ\n659900100201010001,王安娜,女,居民身份证,659900198001010112,户主,\n659900100201010001,王老,男,,,父亲,去世\n"
    )
    accepted, findings = validate(Batch(table.contract, table.rows, table.units))
    assert [(row["sex"], row["relation_code"], row["member_note"]) for row in accepted.to_pylist()] == [
        ("2", "02", None),
        ("1", "51", "7"),
    ]
    assert findings.num_rows == 0


def test_a_day_with_a_time_is_that_day():
    table = extract(
        "身份证号,类型,登记日期\n659900198001010112,撤回同意,2026-10-02 "
        "14:33:05\n659900198001010112,撤回同意,2026/10/2 0:00:00\n"
    )
    accepted, _ = validate(Batch(table.contract, table.rows, table.units))
    assert {row["registered_on"].isoformat() for row in accepted.to_pylist()} == {"2026-10-02"}
