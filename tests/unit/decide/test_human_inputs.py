"""What people said between runs decides: a hold stops, a review's verdict holds while its grounds stand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.builders import UNIT, facts, facts_of, scores
from tests.conftest import MODELS
from village_credit.decide.decide import HUMAN_INPUTS, Decided, decide
from village_credit.policy.model import load_policy

AS_OF = date(2026, 11, 1)
POLICY = load_policy((MODELS / "limit_policy.toml").read_text(encoding="utf-8")).in_force(AS_OF, "659900")
ARREARS = {
    "loan_number": "1",
    "max_days_overdue": 40,
    "days_overdue": 40,
    "product_name": "农户贷款",
    "cutoff_on": date(2026, 10, 1),
}
LINE = {
    "product": "farmer_line",
    "limit_yuan": 20_000,
    "term_months": 36,
    "valid_from": date(2026, 3, 2),
    "valid_to": date(2029, 3, 1),
}


def decided(
    *, held: bool = False, affected: bool = False, said: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """One usual household's decision, with its policy limit."""
    (row,) = all_decided([{"held": held, "affected": affected, "said": said, **changes}])
    return row


def all_decided(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same of many households, each a case of its own, in one table."""
    units = {f"{UNIT[:-3]}{number:03d}": dict(case) for number, case in enumerate(cases)}
    marked = {name: [unit for unit, case in units.items() if case.pop(name, False)] for name in ("held", "affected")}
    words = {unit: said for unit, case in units.items() if (said := case.pop("said", None))}
    usual = {"product": "farmer_line", "reason_codes": ["OVERDUE"]}
    verdicts = [{"unit_code": unit, **usual, **said} for unit, said in words.items()]
    given = {
        **facts_of(units),
        **{name: pa.table({"unit_code": pa.array(found, pa.string())}) for name, found in marked.items()},
        "reviewed": pa.Table.from_pylist(verdicts, schema=HUMAN_INPUTS["reviewed"]),
    }
    result: Decided = decide(given, lambda _: scores(30_000, list(units)), POLICY, AS_OF)
    rows = zip(result.decisions.to_pylist(), result.waterfall.to_pylist(), strict=True)
    names = ("policy_limit_yuan", "allocated_yuan")
    return [{**row, **{name: terms[name] for name in names}} for row, terms in rows]


def test_a_held_household_is_in_review_with_limit_0_and_takes_no_budget():
    free, held = decided(), decided(held=True)
    assert free["decision"] == "granted"
    assert (held["decision"], held["reason_codes"], held["limit_yuan"]) == ("manual_review", ["HELD"], 0)
    assert (held["policy_limit_yuan"], held["allocated_yuan"]) == (free["policy_limit_yuan"], 0)
    assert held["valid_to"] is None


def test_in_a_relief_window_nothing_is_frozen_that_is_not_lowered_either():
    """More is drawn than limit and line allow: outside a window the limit is frozen at the balance."""
    line = LINE | {"drawn_yuan": Decimal(45_000)}
    base = [{"product": line["product"], "base_yuan": 20_000}]
    outside = decided(in_force=[line], rise_bases=base)
    inside = decided(in_force=[line], affected=True, rise_bases=base)
    assert (outside["limit_yuan"], outside["reason_codes"]) == (45_000, ["FROZEN"])
    assert (inside["limit_yuan"], inside["reason_codes"]) == (30_000, [])
    lower = decided(in_force=[line | {"limit_yuan": 40_000}], affected=True, crops=[])
    assert (lower["limit_yuan"], lower["reason_codes"][0]) == (40_000, "RELIEF_KEPT")


def test_relief_keeps_no_more_of_a_line_than_its_branch_left():
    """The branch spoke after the day as of which one scores: the line in force then was whole."""
    line = {"in_force": [LINE | {"limit_yuan": 40_000}], "affected": True, "crops": []}
    word = {"product": LINE["product"], "said_on": AS_OF + timedelta(days=4)}
    cut, refused = (decided(branch_words=[word | {"said_yuan": said}], **line) for said in (33_000, 0))
    assert (cut["limit_yuan"], cut["reason_codes"][0]) == (33_000, "RELIEF_KEPT")
    assert (refused["limit_yuan"], "RELIEF_KEPT" in refused["reason_codes"]) == (0, False)


def test_a_held_line_keeps_its_term_and_a_released_one_goes_on_in_it():
    held = decided(held=True, in_force=[LINE])
    stopped = {**LINE, "limit_yuan": 0}
    after = decided(in_force=[stopped])
    for row in (held, after):
        assert [row[name] for name in ("term_months", "valid_from", "valid_to")] == [
            36,
            LINE["valid_from"],
            LINE["valid_to"],
        ]
    assert after["decision"] == "granted"


def test_a_hold_comes_before_every_other_reason():
    withdrawn = [{"objection_type": "撤回同意", "registered_on": date(2026, 10, 1)}]
    row = decided(held=True, objections=withdrawn)
    assert (row["decision"], row["reason_codes"][:2]) == ("manual_review", ["HELD", "CONSENT_WITHDRAWN"])


def test_a_review_s_grant_holds_at_its_own_figure():
    asked = decided(conducts=[ARREARS])
    assert (asked["decision"], asked["reason_codes"]) == ("manual_review", ["OVERDUE"])
    row = decided(conducts=[ARREARS], said={"verdict": "grant", "limit_yuan": 8_000})
    assert (row["decision"], row["limit_yuan"], row["binding_term"]) == ("granted", 8_000, "review")
    assert row["reason_codes"] == ["REVIEW_GRANTED", "OVERDUE"]
    assert row["valid_from"] == date(2026, 11, 2)
    assert row["policy_limit_yuan"] == asked["policy_limit_yuan"] > 8_000


def test_a_review_s_grant_of_the_whole_policy_limit_is_bound_by_its_term():
    most = decided(conducts=[ARREARS])["policy_limit_yuan"]
    row = decided(conducts=[ARREARS], said={"verdict": "grant", "limit_yuan": most})
    assert (row["decision"], row["limit_yuan"]) == ("granted", most)
    assert row["binding_term"] != "review"


def test_a_review_s_refusal_holds():
    row = decided(conducts=[ARREARS], said={"verdict": "decline", "limit_yuan": 0})
    assert (row["decision"], row["limit_yuan"], row["reason_codes"]) == ("declined", 0, ["REVIEW_DECLINED", "OVERDUE"])


NO_LONGER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another reason": ({"objections": [{"objection_type": "反对自动决策"}]}, {}),
    "other grounds": ({}, {"reason_codes": ["OBJECTION"]}),
    "another product": ({}, {"product": "poverty_micro_loan"}),
    "above the policy limit": ({}, {"limit_yuan": 1_000_000}),
    "off the steps": ({}, {"limit_yuan": 8_500}),
    "below the ticket": ({}, {"limit_yuan": 4_000}),
    "held": ({"held": True}, {"reason_codes": ["HELD", "OVERDUE"]}),
    "policy limit fell": ({"crops": [{"year": 2026, "crop": "棉花", "area_mu": Decimal(1)}]}, {"limit_yuan": 30_000}),
}


def test_a_verdict_whose_grounds_no_longer_stand_is_asked_again():
    grant = {"verdict": "grant", "limit_yuan": 8_000}
    cases = [{"conducts": [ARREARS], **changed, "said": {**grant, **said}} for changed, said in NO_LONGER.values()]
    found = {
        name: (row["decision"], row["limit_yuan"]) for name, row in zip(NO_LONGER, all_decided(cases), strict=True)
    }
    assert found == dict.fromkeys(NO_LONGER, ("manual_review", 0))


def test_a_verdict_grants_nothing_that_the_screen_refuses():
    related = [{"updated_on": date(2026, 10, 1)}]
    said = {"verdict": "grant", "limit_yuan": 8_000, "reason_codes": ["RELATED_PARTY"]}
    assert decided(related_parties=related, said=said)["decision"] == "declined"
    both = {"verdict": "grant", "limit_yuan": 8_000, "reason_codes": ["OVERDUE", "OTHER_PRODUCT"]}
    other = [{"product_name": "扶贫小额信贷", "balance_yuan": Decimal(5000), "guarantee": "信用"}]
    row = decided(conducts=[ARREARS], exposures=other, said=both)
    assert (row["decision"], row["reason_codes"]) == ("manual_review", ["OVERDUE", "OTHER_PRODUCT"])


def test_without_anything_said_nothing_changes():
    plain = decide(facts(), lambda _: scores(30_000), POLICY, AS_OF)
    assert plain.decisions.to_pylist()[0]["limit_yuan"] == decided()["limit_yuan"]


@pytest.mark.parametrize(("above", "decision"), [(-1_000, "declined"), (0, "declined"), (1_000, "granted")])
def test_a_refused_signature_declines_who_is_granted_from_the_refused_figure_upwards(above, decision):
    most = decided()["policy_limit_yuan"]
    said = {"verdict": "decline", "limit_yuan": most + above, "reason_codes": []}
    row = decided(said=said)
    assert (row["decision"], row["limit_yuan"]) == (decision, 0 if decision == "declined" else most)
    assert row["reason_codes"] == (["REVIEW_DECLINED"] if decision == "declined" else [])
    assert decided(said={**said, "product": "trader_loan"})["decision"] == "granted"


def test_a_refused_signature_of_who_was_granted_is_asked_again_where_something_stands_against_them():
    said = {"verdict": "decline", "limit_yuan": 5_000, "reason_codes": []}
    assert decided(conducts=[ARREARS], said=said)["reason_codes"] == ["OVERDUE"]


def test_a_grant_is_for_a_household_in_review_only():
    said = {"verdict": "grant", "limit_yuan": 8_000, "reason_codes": []}
    assert decided(said=said)["limit_yuan"] == decided()["limit_yuan"] > 8_000
