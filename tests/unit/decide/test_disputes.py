"""What a person disputes, or has withdrawn, is left out before anything is reckoned."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.builders import UNIT, facts, scores
from tests.conftest import MODELS
from village_credit.decide.decide import decide
from village_credit.decide.legal_basis import disputes
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
