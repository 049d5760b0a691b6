"""Rows of a form that are no data are layout wherever they stand; a person whose name looks like one is a person."""

from __future__ import annotations

import pytest

from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file

HEADER = "年度,姓名,身份证号,所在村,实际补贴面积(亩),实发金额(元)"
ROW = "2026,王安娜,659900198001010112,前村,10,100"


def layout(*rows: str, end: str = "") -> list[int]:
    (extract,) = read_file(DeliveredFile("x.csv", ("\n".join([HEADER, *rows, ""]) + end).encode(), ""))
    assert isinstance(extract, Extract)
    assert extract.rows.num_rows + len(extract.layout_lines) == extract.total_lines
    return extract.layout_lines


@pytest.mark.parametrize(
    "row",
    [
        "甲,乙,丙,丁,1,2",
        "甲,乙,1,2,3,4",
        "1,2,3,4,5,6",
        "(1),(2),(3),(4),(5),(6)",
        "①,②,③,④,⑤,⑥",
        "栏次,1,2,3,4,5",
        "A,B,C,1,2,3=1*2",
        "—,—,1,2,3,4",
    ],
)
def test_the_numbers_of_columns_are_layout(row):
    assert layout(row, ROW) == [1, 2]


@pytest.mark.parametrize(
    "row",
    [
        "石榴村小计,,,,30,300",
        ",石榴村小计,,,30,300",
        "2026,,,石榴村小计,30,300",
        "2026,石榴村合计,,石榴村,30,300",
        "本页合计,,,,30,300",
        "本页小计：,,,,30,300",
        "累计,,,,30,300",
        "全乡 总计,,,,30,300",
        "合计（元）,,,,30,300",
        "承前页,,,,30,300",
        "过次页,,,,30,300",
    ],
)
def test_a_sum_is_layout_whatever_it_is_a_sum_of(row):
    assert layout(ROW, row, ROW) == [1, 3]


@pytest.mark.parametrize("name", ["累计买买提", "小计", "王小计", "本页", "甲", "合计·吐尔逊", "栏次"])
def test_a_person_whose_name_looks_like_one_is_a_person(name):
    assert layout(ROW.replace("王安娜", name)) == [1]


def test_numbers_that_do_not_count_on_are_a_row():
    assert layout("1,3,2,5,4,9") == [1]


@pytest.mark.parametrize("end", ["\x1a", "\x1a\x1a\x1a", "\x1a\r\n", "  \x1a"])
def test_the_mark_at_the_end_of_an_old_dos_file_is_no_row(end):
    assert layout(ROW, end=end) == [1, 3]


def test_the_mark_after_the_last_row_is_no_part_of_it():
    (extract,) = read_file(DeliveredFile("x.csv", f"{HEADER}\n{ROW}\x1a".encode(), ""))
    assert extract.rows.column("paid_yuan").to_pylist() == ["100"]


def test_a_header_that_stands_again_every_fifty_lines_is_layout():
    rows = [HEADER if number % 50 == 0 else ROW for number in range(1, 201)]
    assert layout(*rows) == [1, 51, 101, 151, 201]
