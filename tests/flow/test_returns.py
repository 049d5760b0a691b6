"""What comes back from branches and the core system is a delivery like any other: read, judged, every line told."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from tests.unit.link.test_join import taken
from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file
from village_credit.tables.campaign_plans import campaign_plans
from village_credit.validate.rows import Batch, validate

RETURNS = {
    "回执.csv": "publication_id,household_ref,outcome,reason,at,branch_limit_yuan\np1,r1,imported,,2026-11-05,\np1,r2,changed,核减,2026-11-05,30000\np1,r3,changed,核减,2026-11-05,\n",  # noqa: E501
    "合同.csv": "household_ref,contract_no,signed_on,channel\nr1,HT-1,2026-11-06,counter\nr2,HT-2,2026-11-06,邮寄\n",
    "用信.csv": "contract_no,amount_yuan,drawn_on,purpose\nHT-1,20000,2026-11-07,seed\nHT-1,0,2026-11-07,seed\nHT-1,20000,2026-11-07,seed\n",  # noqa: E501
    "还款.csv": "contract_no,amount_yuan,paid_on\nHT-1,500.50,2026-12-07\nHT-1,-5,2026-12-07\n",
    "春耕计划.csv": "campaign,county_code,from,to,planned_yuan,purposes\n春耕,659900,2027-02-01,2027-05-31,90000000,种子\n夏收,659900,2027-07-01,2027-05-31,90000000,农机\n冬储,659900,2027-11-01,,50000,种子\n春耕,659901,2027-02-01,2027-05-31,70000,种子\n春耕,,2027-02-01,2027-05-31,70000,种子\n",  # noqa: E501
}


@pytest.fixture(scope="module")
def intake():
    return taken(**RETURNS)


def test_each_line_of_what_comes_back_has_one_outcome(intake):
    names = {source.source_id: source.file_name for source in intake.sources}
    told = Counter(
        (names[row["source_id"]], row["outcome"])
        for row in intake.reconciliation.to_pylist()
        if names[row["source_id"]] in RETURNS
    )
    assert told == {
        **{(name, "layout"): 1 for name in RETURNS},
        ("回执.csv", "accepted"): 2,
        ("回执.csv", "quarantined"): 1,
        ("合同.csv", "accepted"): 1,
        ("合同.csv", "quarantined"): 1,
        ("用信.csv", "accepted"): 1,
        ("用信.csv", "quarantined"): 1,
        ("用信.csv", "duplicate"): 1,
        ("还款.csv", "accepted"): 1,
        ("还款.csv", "quarantined"): 1,
        ("春耕计划.csv", "accepted"): 1,
        ("春耕计划.csv", "quarantined"): 4,
    }


def test_a_plan_without_an_end_or_of_no_county_or_another_says_what_is_wrong_and_is_in_no_figure(intake):
    places = {source.source_id: source.file_name for source in intake.sources}
    told = {
        row["line_number"]: (row["field"], row["reason_code"])
        for row in intake.findings.to_pylist()
        if places[row["source_id"]] == "春耕计划.csv" and row["is_quarantine"]
    }
    assert told == {
        3: ("", "ENDS_BEFORE_START"),
        4: ("ends_on", "REQUIRED_EMPTY"),
        5: ("", "OTHER_COUNTY"),
        6: ("county_code", "REQUIRED_EMPTY"),
    }
    plans = campaign_plans(intake, {}).to_pylist()
    assert [(row["county_code"], row["campaign"]) for row in plans] == [("659900", "春耕")]


def test_what_counts_nowhere_in_the_inbox_names_its_own_door(intake):
    told = {
        source.file_name: dict(source.notes).get("COUNTS_NOWHERE", "")
        for source in intake.sources
        if source.file_name in RETURNS
    }
    assert "`acknowledge`" in told.pop("回执.csv")
    assert told.pop("春耕计划.csv") == ""
    assert all("`record-usage`" in text for text in told.values())


def test_each_refusal_says_why(intake):
    names = {source.source_id: source.file_name for source in intake.sources}
    found = {
        (names[row["source_id"]], row["line_number"]): row["reason_code"]
        for row in intake.findings.to_pylist()
        if names[row["source_id"]] in RETURNS
    }
    assert found == {
        ("回执.csv", 4): "CHANGED_WITHOUT_LIMIT",
        ("合同.csv", 3): "NOT_IN_LIST",
        ("用信.csv", 3): "OUT_OF_RANGE",
        ("还款.csv", 3): "NEGATIVE_NUMBER",
        ("春耕计划.csv", 3): "ENDS_BEFORE_START",
        ("春耕计划.csv", 4): "REQUIRED_EMPTY",
        ("春耕计划.csv", 5): "OTHER_COUNTY",
        ("春耕计划.csv", 6): "REQUIRED_EMPTY",
    }


def test_they_change_no_fact_of_a_household(intake):
    assert {name: table.num_rows for name, table in intake.facts.items()} == {
        name: table.num_rows for name, table in taken().facts.items()
    }


@pytest.mark.parametrize(
    ("header", "amount"), [("用信金额(万元)", Decimal("20000.00")), ("用信金额(元)", Decimal("2.00"))]
)
def test_an_office_s_own_headers_and_unit_are_read(header, amount):
    text = f"合同编号,{header},用信日期,用途\nHT-1,2,2026年11月7日,种子\n"
    (table,) = read_file(DeliveredFile("用信.csv", text.encode("gb18030"), "0" * 64))
    assert isinstance(table, Extract)
    accepted, _ = validate(Batch(table.contract, table.rows, table.units))
    (row,) = accepted.to_pylist()
    assert (table.contract, row["amount_yuan"], row["drawn_on"], row["purpose"]) == (
        "draw",
        amount,
        date(2026, 11, 7),
        "seed",
    )
