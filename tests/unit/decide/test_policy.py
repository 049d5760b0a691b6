"""A policy file is sound, or every fault is named with its place."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.conftest import MODELS
from village_credit.decide.check import check_policy
from village_credit.decide.policy import half_up, load_policy
from village_credit.errors import PolicyRefused

AS_OF = date(2026, 11, 1)
TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")


def places(text: str) -> list[str]:
    return [fault.place for fault in check_policy(text, AS_OF)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ((r'name = "stress", value = 0.70', 'name = "stress", value = 1.70'), "figures.stress"),
        ((r'(name = "term", value = )36(.*product = "farmer_line", band = "A")', r"\g<1>48\2"), "figures.term.farmer_line.A"),
        ((r'(name = "base", value = )100000', r"\g<1>60000"), "figures.base.farmer_line"),
        ((r'(name = "spread_bp", value = )150(.*product = "farmer_line")', r"\g<1>450\2"), "figures.spread_bp.farmer_line"),
        ((r'(name = "band_edge_ppm", value = )40000', r"\g<1>10000"), "figures.band_edge_ppm"),
        ((r'.*name = "living_cost".*\n', ""), "figures.living_cost"),
        ((r'county = "\*", crop = "玉米"', 'county = "110101", crop = "玉米"'), "figures"),
        ((r'policy_id = "limit-2026.1"', 'policy_id = "limit-民族"'), "file"),
        ((r"policy_id = ", "policy_id = = "), "file"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place(change, place):
    changed = re.sub(*change, TEXT, count=1)
    assert changed != TEXT
    assert place in places(changed)


def test_the_latest_figure_not_after_the_day_holds_and_the_most_specific_goes_first():
    later = '{ name = "living_cost", value = 7000, unit = "yuan", from = 2026-06-01, reference = "x", verified = false },'
    own = '{ name = "living_cost", value = 5000, unit = "yuan", from = 2024-01-01, reference = "x", verified = false, county = "653199" },'
    policy = load_policy(TEXT.replace("figures = [", f"figures = [\n{later}\n{own}", 1))
    assert policy.figure("living_cost", date(2026, 5, 31)) == 6000
    assert policy.figure("living_cost", date(2026, 6, 1)) == 7000
    assert policy.figure("living_cost", AS_OF, county="653199") == 5000


def test_a_missing_figure_refuses_with_its_name():
    with pytest.raises(PolicyRefused, match="no_such_figure"):
        load_policy(TEXT).figure("no_such_figure", AS_OF)


@pytest.mark.parametrize(
    ("value", "expected"), [("1.005", "1.01"), ("-1.005", "-1.01"), ("1.0049", "1.00"), ("-0.5", "-0.50")]
)
def test_norms_round_half_up_away_from_zero(value, expected):
    assert half_up(Fraction(value)) == Decimal(expected)


def test_a_crop_needs_two_complete_years():
    policy = load_policy(TEXT)
    assert {norm.crop for norm in policy.in_force(AS_OF, "659900").norms()} == {
        "棉花",
        "小麦",
        "玉米",
        "核桃",
        "红枣",
    }
    first_year_only = policy.in_force(date(2022, 11, 1), "659900")
    with pytest.raises(PolicyRefused):
        first_year_only.norms()  # no figure is in force so early: nothing is guessed
