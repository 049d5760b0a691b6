"""What is said of a number in doubt is not lost.

It waits with every household that it may be of, and objects for each.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from tests.builders import facts as usual_facts
from tests.builders import scores
from tests.conftest import MODELS
from tests.unit.link.test_household import BOTH_HEADS, CLARA, MEMBERS, ONE, TWO
from tests.unit.link.test_join import ANNA, AS_OF, BERT, COUNTY, number, taken
from village_credit.decide.decide import consenting, decide
from village_credit.link.verdicts import VERDICTS, Verdicts, no_verdicts
from village_credit.policy.model import load_policy

LISTS = {
    "bank_exposure": "身份证号,姓名,产品,授信余额(元),贷款余额(元),五级分类\n{number},{name},农户小额信用贷款,50000,40000,正常\n",  # noqa: E501
    "bank_conduct": "身份证号,借据号,放款日,到期日,最大逾期天数,当前逾期天数,纾困标志,纾困原因,纾困证明编号,截止日期\n{number},J1,2025-01-01,2026-01-01,120,120,否,,,2026-10-01\n",  # noqa: E501
    "negative_list": "身份证号,姓名,名单类别,原因代码,依据文号,列入日期,失效日期\n{number},{name},失信,1,文1,2026-01-01,2028-01-01\n",  # noqa: E501
    "related_party": "身份证号,姓名,关系,更新日期\n{number},{name},董事,2026-10-01\n",
    "objection": "身份证号,类型,登记日期,涉及数据\n{number},拒绝自动化决策,2026-01-01,\n",
}
FACTS = {
    "bank_exposure": "exposures",
    "bank_conduct": "conducts",
    "negative_list": "negatives",
    "related_party": "related_parties",
    "objection": "objections",
}
CLAIMED_TWICE = (f"{ONE},王克拉,2,1,{CLARA},32,,", f"{TWO},王克拉,2,1,{CLARA},12,,")
OF_TWO_NAMES = (f"{ONE},王克拉,2,1,{CLARA},32,,", f"{TWO},赵别人,2,1,{CLARA},38,,")
POLICY = load_policy((MODELS / "limit_policy.toml").read_text(encoding="utf-8")).in_force(AS_OF, COUNTY)


def told(
    contract: str, members: tuple[str, ...], name: str = "王克拉", said: Verdicts | None = None, **words: str
) -> Any:
    """One record about CLARA's number, beside a register whose rows claim it."""
    text = LISTS[contract].format(number=CLARA, name=name)
    for word, other in words.items():
        text = text.replace({"kind": "拒绝自动化决策"}[word], other)
    files = {"成员.csv": MEMBERS.format(rows="\n".join([*BOTH_HEADS, *members])), "名单.csv": text}
    return taken(members=[], verdicts=said, **files)


def fact(intake: Any, contract: str) -> list[tuple[str, str | bool]]:
    column = "is_contested" if contract == "objection" else "link_status"
    return [(row["unit_code"], row[column]) for row in intake.facts[FACTS[contract]].to_pylist()]


def decisions(intake: Any) -> dict[str, tuple[str, list[str]]]:
    """Decide as if every source had its legal basis."""
    facts = intake.facts | {name: usual_facts()[name].slice(0, 0) for name in ("in_force", "sources")}
    scored = consenting(facts)["households"].column("unit_code").to_pylist()
    made = decide(facts, lambda _: scores(30_000, scored), POLICY, AS_OF)
    return {row["unit_code"]: (row["decision"], row["reason_codes"]) for row in made.decisions.to_pylist()}


def verdict(record: str, unit: str, said: str) -> dict[str, str]:
    return {"record_key": record, "household_key": unit, "verdict": said}


def spoken(*verdicts: dict[str, str]) -> Verdicts:
    return replace(no_verdicts(), given=pa.Table.from_pylist(list(verdicts), schema=VERDICTS))


@pytest.mark.parametrize("contract", LISTS)
def test_a_record_of_a_person_whom_two_registers_claim_waits_with_both(contract):
    intake = told(contract, CLAIMED_TWICE)
    waits = True if contract == "objection" else "provisional"
    assert fact(intake, contract) == [(ONE, waits), (TWO, waits)]
    assert [(row["unit_code"], row["status"]) for row in intake.links.to_pylist() if row["contract"] == contract] == [
        (None, "refused")
    ]


@pytest.mark.parametrize("contract", ["bank_conduct", "objection"])
def test_a_record_without_a_name_under_a_number_of_two_people_waits_with_both(contract):
    assert [unit for unit, _ in fact(told(contract, OF_TWO_NAMES), contract)] == [ONE, TWO]


@pytest.mark.parametrize("contract", ["bank_exposure", "bank_conduct", "negative_list", "related_party"])
def test_each_household_goes_to_a_person(contract):
    found = decisions(told(contract, CLAIMED_TWICE))
    for unit in (ONE, TWO):
        assert found[unit][0] == "manual_review"
        assert "LINK_UNCONFIRMED" in found[unit][1]


@pytest.mark.parametrize("kind", ["拒绝自动化决策", "撤回同意"])
def test_an_objection_counts_for_each_and_a_withdrawn_consent_scores_neither(kind):
    intake = told("objection", CLAIMED_TWICE, kind=kind)
    found = decisions(intake)
    assert {found[unit][0] for unit in (ONE, TWO)} == {"manual_review"}
    assert all("OBJECTION" in found[unit][1] for unit in (ONE, TWO))
    scored = set(consenting(intake.facts)["households"].column("unit_code").to_pylist())
    assert ({ONE, TWO} & scored == set()) is (kind == "撤回同意")


def test_of_one_claim_a_withdrawn_consent_declines():
    found = decisions(told("objection", CLAIMED_TWICE[:1], kind="撤回同意"))
    assert found[ONE] == ("declined", ["CONSENT_WITHDRAWN", *found[ONE][1][1:]])
    assert "CONSENT_WITHDRAWN" not in found[TWO][1]


@pytest.mark.parametrize("contract", ["negative_list", "objection"])
def test_a_person_is_asked_of_each_household_and_settles_it_for_all(contract):
    open_doubts = told(contract, CLAIMED_TWICE).doubts.to_pylist()
    assert [(row["unit_code"], row["pass"]) for row in open_doubts] == [
        (ONE, "id_of_two_households"),
        (TWO, "id_of_two_households"),
    ]
    record = open_doubts[0]["record_text"]
    settled = told(contract, CLAIMED_TWICE, said=spoken(verdict(record, TWO, "same")))
    assert fact(settled, contract) == [(TWO, False if contract == "objection" else "confirmed")]
    lifted = told(contract, CLAIMED_TWICE, said=spoken(verdict(record, TWO, "other")))
    assert [unit for unit, _ in fact(lifted, contract)] == [ONE]
    neither = told(contract, CLAIMED_TWICE, said=spoken(verdict(record, ONE, "other"), verdict(record, TWO, "other")))
    assert fact(neither, contract) == []


def test_a_book_under_a_number_of_two_households_still_counts_for_neither():
    text = {"成员.csv": MEMBERS.format(rows="\n".join([*BOTH_HEADS, *CLAIMED_TWICE]))}
    intake = taken(f"2025,王克拉,{CLARA},东乡,前村,5000", members=[], **text)
    assert intake.facts["books"].num_rows == 0
    assert [row["unit_code"] for row in intake.doubts.to_pylist()] == [ONE, TWO]  # but a person may say whose


def test_an_objection_stands_though_its_pass_is_revoked():
    revoked = replace(no_verdicts(), revoked=("id_only",))
    intake = told("objection", CLAIMED_TWICE[:1], said=revoked)
    (link,) = [row for row in intake.links.to_pylist() if row["contract"] == "objection"]
    assert (link["pass"], link["status"]) == ("id_only", "provisional")
    assert fact(intake, "objection") == [(ONE, False)]


def test_a_record_said_to_be_of_two_households_is_linked_to_neither_and_listed_once():
    heads = [f"{ONE},1,王安娜,1,{ANNA},x", f"{ONE[:-1]}2,1,王安娜,1,{BERT},x"]
    machines = "资金年度,县,所在乡（镇）,所在村组,购机者姓名,机具品目,购买数量(台),总补贴额(元)\n2025,某县,东乡,前村,王安娜,拖拉机,1,5000\n"  # noqa: E501
    record = taken(contractors=heads, **{"农机.csv": machines}).doubts.to_pylist()[0]["record_text"]
    said = spoken(verdict(record, ONE, "same"), verdict(record, f"{ONE[:-1]}2", "same"))
    intake = taken(contractors=heads, verdicts=said, **{"农机.csv": machines})
    assert [row["status"] for row in intake.links.to_pylist() if row["contract"] == "machinery_subsidy"] == ["unlinked"]


SPOUSE = number("19780303", 21)


@pytest.mark.parametrize(
    ("book", "owner"),
    [
        ((), None),
        ((f"2025,王安娜,{ANNA},东乡,前村,5000",), "head"),
        ((f"2025,赵丈夫,{ANNA},东乡,前村,5000",), "spouse"),
    ],
    ids=["nobody else names it", "another list names the dead head", "another list names the husband"],
)
def test_a_dead_head_s_number_on_her_husband_makes_nobody_a_borrower_unless_a_list_says_so(book, owner):
    rows = [f"{ONE},王安娜,2,1,{ANNA},02,7,", f"{ONE},赵丈夫,1,1,{ANNA},11,,", f"{ONE},王女儿,2,1,{SPOUSE},30,,"]
    intake = taken(*book, members=[], **{"成员.csv": MEMBERS.format(rows="\n".join(rows))})
    owners = {
        row["relation"]
        for row in intake.facts["members"].to_pylist()
        if row["unit_code"] == ONE and row["has_valid_id"]
    }
    assert owners == {"other"} | ({owner} if owner else set())
    flagged = [row["reason_code"] for row in intake.findings.to_pylist()]
    assert flagged.count("NUMBER_OF_TWO_PEOPLE") == 2


def test_a_number_of_two_living_members_is_whose_name_another_list_gives():
    rows = [f"{ONE},王安娜,2,1,{ANNA},02,,", f"{ONE},赵丈夫,1,1,{ANNA},11,,"]
    text = {"成员.csv": MEMBERS.format(rows="\n".join(rows))}
    intake = taken(f"2025,王安娜,{ANNA},东乡,前村,5000", members=[], **text)
    owners = {
        row["relation"]: row["has_valid_id"] for row in intake.facts["members"].to_pylist() if row["unit_code"] == ONE
    }
    assert owners == {"head": True, "spouse": False}
    assert intake.facts["households"].to_pylist()[0]["persons_register"] == 2
