"""What a person disputes, or has withdrawn, is left out before anything is reckoned."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.builders import UNIT, facts, scores
from tests.conftest import MODELS
from tests.unit.decide.test_chance import drawn, scored
from village_credit.decide import decide as decide_module
from village_credit.decide.decide import decide
from village_credit.decide.legal_basis import disputes, lacking_basis, without_disputed
from village_credit.policy.model import load_policy

AS_OF = date(2026, 11, 1)
POLICY = load_policy((MODELS / "limit_policy.toml").read_text(encoding="utf-8")).in_force(AS_OF, "659900")


def objection(kind: str, data: str | None = None) -> dict:
    return {"objection_type": kind, "registered_on": date(2026, 10, 1), "disputed_data": data}


def named(text: str | None) -> list[tuple[str, str]] | None:
    """What is left out, or None where a person must find out."""
    clear, unclear = disputes(facts(objections=[objection("数据异议", text)])["objections"])
    assert (UNIT in clear) != (UNIT in unclear)
    return clear.get(UNIT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("household_economy\n种植收入", [("books", "planting_income_yuan")]),
        ("household_economy 家庭人口、羊(只)", [("books", "persons"), ("books", "sheep")]),
        ("crop_declaration 交售量（公斤）", [("crops", "delivered_kg")]),
        ("crop_declaration.sown_mu", [("crops", "")]),
        ("land_subsidy 实际补贴面积(亩)", [("subsidies", "")]),
        ("bank_exposure 担保方式", [("exposures", "guarantee")]),
        ("household_economy", [("books", "")]),
        ("negative_list 原因代码", None),
        ("household_economy 种植收入，另 land_parcel 面积", None),
        ("金额不对", None),
        ("", None),
        (None, None),
    ],
)
def test_a_dispute_names_a_contract_and_its_columns_or_a_person_must_look(text, expected):
    assert named(text) == expected


def test_a_datum_that_only_lowers_the_limit_by_its_absence_is_left_out_of_every_figure():
    trade = [{"year": y, "persons": 4, "trade_income_yuan": Decimal(30000)} for y in (2023, 2024, 2025)]
    with_it, without = (
        decide(
            facts(books=trade, objections=objections), lambda _: scores(30_000), POLICY, AS_OF
        ).waterfall.to_pylist()[0]
        for objections in ([], [objection("数据异议", "household_economy 经营收入")])
    )
    assert with_it["trade_yuan"] == 18000
    assert (without["trade_yuan"], without["budget_state"]) == (0, "not_binding")
    assert without["policy_limit_yuan"] <= with_it["policy_limit_yuan"]


def test_who_withdrew_consent_is_not_scored():
    asked: list[list[str]] = []

    def scorer(given):
        asked.append(given["households"].column("unit_code").to_pylist())
        return scores(30_000, asked[-1])

    other = UNIT[:-1] + "2"
    tables = facts([UNIT, other])
    tables["objections"] = facts(objections=[objection("撤回同意")])["objections"]
    withdrawn, kept = decide(tables, scorer, POLICY, AS_OF).decisions.to_pylist()
    assert asked == [[other]]
    assert (withdrawn["decision"], withdrawn["reason_codes"]) == ("declined", ["CONSENT_WITHDRAWN"])
    assert (withdrawn["band"], withdrawn["default_probability_ppm"], withdrawn["limit_yuan"]) == (None, None, 0)
    assert kept["decision"] == "granted"


def test_a_household_that_could_not_be_scored_goes_to_a_person_with_limit_nought():
    decided = decide(facts(), lambda _: scores(30_000, ["another"]), POLICY, AS_OF)
    (row,), (terms,) = decided.decisions.to_pylist(), decided.waterfall.to_pylist()
    assert (row["decision"], row["reason_codes"], row["limit_yuan"]) == ("manual_review", ["NOT_SCORED"], 0)
    assert (terms["capacity_yuan"], terms["band_yuan"], terms["policy_limit_yuan"]) == (None, None, 0)


def test_both_sides_of_a_dispute_tried_at_once_come_out_as_each_alone():
    """Copies of one household stand beside each other, and none may see the other's rows."""
    county, ppm = drawn(3, 2_000)
    chance = random.Random(3)
    data = [("books", ""), ("books", "trade_income_yuan"), ("crops", ""), ("exposures", ""), ("subsidies", "")]
    clear = {unit: chance.sample(data, chance.randint(1, 2)) for unit in chance.sample(sorted(ppm), 1_000)}
    known = {name: table for name, table in county.items() if name not in decide_module.HUMAN_INPUTS}
    lacking = lacking_basis(known, AS_OF, POLICY.policy.basis_exempt)
    concerned = decide_module._only(known, pa.array(sorted(clear), pa.string()))
    alone = [
        decide_module._limits(*decide_module._outcome(given, scored(ppm), POLICY, AS_OF, lacking, [], None))
        for given in (concerned, without_disputed(concerned, clear))
    ]
    expected = sorted(unit for unit in clear if decide_module._is_raised(*(side.get(unit) for side in alone)))
    _, raised = decide_module._settle_disputes(known, clear, lambda _: scored(ppm), POLICY, AS_OF, lacking, None)
    assert raised == expected
    assert 5 < len(raised) < len(clear) - 5
