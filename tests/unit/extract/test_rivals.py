"""Two columns that mean one field are never guessed: the contract ranks them, or the table is refused by name."""

from __future__ import annotations

from itertools import permutations

import pytest

from data_contracts.county_terms import CountyTerms, read_terms
from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file

PERSON = "659900198001010112"
COUNTY = 'county = "659900"\nreference = "an agreement"\n'


def table(header: str, *rows: str, terms: CountyTerms | None = None) -> Extract:
    content = "\n".join([header, *rows, ""]).encode()
    (extract,) = read_file(DeliveredFile("x.csv", content, ""), *([terms] if terms else []))
    assert isinstance(extract, Extract)
    return extract


def value(header: str, row: str, field: str, terms: CountyTerms | None = None) -> str:
    extract = table(header, row, terms=terms)
    assert extract.rejected is None
    return extract.rows.column(field).to_pylist()[0]


def swapped(first: str, second: str) -> list[tuple[str, str]]:
    return list(permutations([first, second]))


SUBSIDY = "年度,姓名,身份证号,所在村,实际补贴面积"
CROP = "年度,姓名,身份证号,所在村,作物"


@pytest.mark.parametrize("pair", swapped("发放金额(元)", "补贴金额(元)"))
def test_two_columns_of_one_field_refuse_the_table_with_both_headers(pair):
    extract = table(f"{SUBSIDY}," + ",".join(pair), f"2026,王安娜,{PERSON},前村,10,100,200")
    code, sentence = extract.rejected
    assert code == "AMBIGUOUS_COLUMNS"
    assert "补贴金额" in sentence
    assert "发放金额" in sentence
    assert extract.rows.num_rows == 1


@pytest.mark.parametrize("pair", swapped("种植面积", "播种面积"))
def test_the_contracts_own_header_does_not_win_over_another_word_for_it(pair):
    extract = table(f"{CROP}," + ",".join(pair), f"2026,王安娜,{PERSON},前村,棉花,10,20")
    assert extract.rejected[0] == "AMBIGUOUS_COLUMNS"


@pytest.mark.parametrize("field", ["年度", "姓名", "身份证号", "所在村", "实发金额"])
def test_a_header_that_stands_twice_is_two_columns_of_one_field(field):
    extract = table(f"{SUBSIDY},实发金额,{field}", f"2026,王安娜,{PERSON},前村,10,100,7")
    assert extract.rejected[0] == "AMBIGUOUS_COLUMNS"


@pytest.mark.parametrize("pair", swapped("核实面积(亩)", "申报面积(亩)"))
def test_what_was_checked_counts_before_what_was_declared(pair):
    cells = {"核实面积(亩)": "8", "申报面积(亩)": "12"}
    header, row = f"{CROP}," + ",".join(pair), f"2026,王安娜,{PERSON},前村,棉花," + ",".join(cells[p] for p in pair)
    assert value(header, row, "sown_mu") == "8"


@pytest.mark.parametrize("pair", swapped("实发金额(元)", "补贴金额(元)"))
def test_what_was_paid_counts_before_what_was_granted(pair):
    cells = {"实发金额(元)": "90", "补贴金额(元)": "120"}
    header, row = f"{SUBSIDY}," + ",".join(pair), f"2026,王安娜,{PERSON},前村,9," + ",".join(cells[p] for p in pair)
    assert value(header, row, "paid_yuan") == "90"


def test_a_third_column_that_nothing_ranks_refuses_the_table_again():
    extract = table(f"{CROP},核实面积,申报面积,播种面积", f"2026,王安娜,{PERSON},前村,棉花,8,9,10")
    assert extract.rejected[0] == "AMBIGUOUS_COLUMNS"


HEADS = "户主姓名,户主身份证号,姓名,身份证号"
OWNS = f"王老,659900195001010116,王安娜,{PERSON}"


def test_a_households_book_is_of_its_head():
    extract = table(f"年度,乡镇,村,{HEADS}", f"2025,红柳乡,前村,{OWNS}")
    assert extract.rejected is None
    assert extract.rows.column("head_name").to_pylist() == ["王老"]
    assert extract.rows.column("id_number").to_pylist() == ["659900195001010116"]


def test_a_payees_table_is_of_the_payee():
    extract = table(f"年度,所在村,实际补贴面积,实发金额,{HEADS}", f"2025,前村,10,100,{OWNS}")
    assert extract.rejected is None
    assert extract.rows.column("payee_name").to_pylist() == ["王安娜"]
    assert extract.rows.column("id_number").to_pylist() == [PERSON]


def test_one_persons_name_and_anothers_number_are_no_person():
    extract = table("年度,乡镇,村,户主姓名,姓名,身份证号", f"2025,红柳乡,前村,王老,王安娜,{PERSON}")
    assert extract.rejected[0] == "AMBIGUOUS_COLUMNS"


def test_a_county_may_agree_which_column_counts():
    terms = read_terms(
        {"659900.toml": COUNTY + '[ranked.land_subsidy]\npaid_yuan = [["发放金额（元）", "发放金额", "补贴金额"]]\n'}
    )
    row = f"2026,王安娜,{PERSON},前村,10,100,200"
    assert value(f"{SUBSIDY},补贴金额(元),发放金额(元)", row, "paid_yuan", terms) == "200"


def test_two_halves_side_by_side_are_named_as_such():
    half = f"{SUBSIDY},实发金额"
    row = f"2026,王安娜,{PERSON},前村,10,100"
    extract = table(f"{half},{half}", f"{row},{row}", f"{row},{row}")
    code, sentence = extract.rejected
    assert code == "AMBIGUOUS_COLUMNS"
    assert "side by side" in sentence
    assert extract.rows.num_rows == 2


def test_two_columns_that_no_contract_asks_for_harm_nothing():
    assert table(f"序号,{SUBSIDY},实发金额,备注,序号,备注", f"1,2026,王安娜,{PERSON},前村,10,100,,1,").rejected is None
