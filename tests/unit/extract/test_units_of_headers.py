"""A header says a unit that its column can have, or the table comes back: a rate is no sum."""

from __future__ import annotations

import pytest

from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file

LEASES = "LZHTBM,CBFBM,SRFBM,LZMJM,{header}"
SUBSIDIES = "年度,姓名,身份证号,所在村,{header},实发金额(元)"


def read(template: str, header: str) -> Extract:
    content = f"{template.format(header=header)}\n1,2,3,4,5,6\n".encode()
    (table,) = read_file(DeliveredFile("表.csv", content, ""))
    assert isinstance(table, Extract)
    return table


@pytest.mark.parametrize(
    ("template", "header"),
    [
        (LEASES, "年租金(元/亩)"),
        (LEASES, "年租金（元／亩）"),
        (LEASES, "年租金(元每亩)"),
        (LEASES, "年租金(每亩元)"),
        (LEASES, "年租金(万元/月)"),
        (LEASES, "年租金(公斤)"),
        (LEASES, "年租金(亩)"),
        (SUBSIDIES, "实际补贴面积(元)"),
        (SUBSIDIES, "实际补贴面积(亩/户)"),
    ],
)
def test_a_unit_that_cannot_be_the_columns_refuses_the_table(template: str, header: str):
    code, sentence = read(template, header).rejected or ("", "")
    assert code == "UNIT_UNKNOWN"
    assert header[:3] in sentence


@pytest.mark.parametrize(
    ("template", "header", "field", "unit"),
    [
        (LEASES, "年租金(元)", "rent_yuan", "yuan"),
        (LEASES, "年租金(万元)", "rent_yuan", "ten_thousand_yuan"),
        (LEASES, "年租金(元/年)", "rent_yuan", "yuan"),
        (LEASES, "年租金(含税)(元)", "rent_yuan", "yuan"),
        (SUBSIDIES, "实际补贴面积(亩)", "subsidised_mu", "mu"),
        (SUBSIDIES, "实际补贴面积(公顷)", "subsidised_mu", "hectare"),
    ],
)
def test_a_unit_that_can_be_the_columns_is_its_unit(template: str, header: str, field: str, unit: str):
    table = read(template, header)
    assert (table.rejected, table.units[field]) == (None, unit)


def test_what_a_machine_costs_is_of_one_machine():
    header = "年度,姓名,身份证号,所在村,机具品目,单台中央补贴额(元/台)"
    (table,) = read_file(DeliveredFile("表.csv", f"{header}\n1,2,3,4,5,6\n".encode(), ""))
    assert "UNIT_UNKNOWN" not in str(getattr(table, "rejected", ""))
