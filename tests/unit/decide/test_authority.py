"""A branch stays within its authority: on every side of each bound, and never above what the policy allows at all."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import shipped_policy
from tests.conftest import AS_OF, MODELS
from village_credit.policy.branch_authority import Authority, authority, referral_days
from village_credit.policy.check import check_policy
from village_credit.policy.model import load_policy

HALF_AND_A_FIFTH = Authority(Fraction(1, 2), Fraction(1, 5), 1_000, 5_000, 60_000)
TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (19_000, "BEYOND_AUTHORITY"),
        (20_000, None),
        (21_000, None),
        (40_000, None),
        (47_000, None),
        (48_000, None),
        (49_000, "BEYOND_AUTHORITY"),
        (20_500, "OFF_STEP"),
        (4_000, "OFF_STEP"),
        (0, "BEYOND_AUTHORITY"),
        (Decimal("20000.50"), "OFF_STEP"),
    ],
)
def test_below_on_and_above_each_bound(asked, reason):
    assert HALF_AND_A_FIFTH.fault(Decimal(asked), 40_000, 100_000) == reason


@pytest.mark.parametrize(
    ("policy_limit", "asked", "reason"), [(45_000, 45_000, None), (45_000, 46_000, "BEYOND_AUTHORITY")]
)
def test_nothing_is_raised_above_the_policy_limit(policy_limit, asked, reason):
    assert HALF_AND_A_FIFTH.fault(Decimal(asked), 40_000, policy_limit) == reason


@pytest.mark.parametrize(("asked", "reason"), [(60_000, None), (61_000, "BEYOND_AUTHORITY")])
def test_nothing_is_raised_above_the_product_cap(asked, reason):
    assert HALF_AND_A_FIFTH.fault(Decimal(asked), 55_000, 100_000) == reason


def test_a_branch_that_may_take_all_away_may_refuse():
    assert Authority(Fraction(1), Fraction(0), 1_000, 5_000, 60_000).fault(Decimal(0), 40_000, 40_000) is None


@given(
    asked=st.integers(0, 200_000),
    published=st.integers(5, 200).map(lambda steps: steps * 1_000),
    room=st.integers(0, 50_000),
    down=st.fractions(0, 1),
    up=st.fractions(0, 1),
)
def test_what_is_allowed_is_a_step_a_ticket_and_within_every_bound(asked, published, room, down, up):
    held = Authority(down, up, 1_000, 5_000, 150_000)
    if held.fault(Decimal(asked), published, published + room) is None:
        assert asked % 1_000 == 0
        assert asked == 0 or asked >= 5_000
        assert published * (1 - down) <= asked <= published * (1 + up)
        assert asked <= max(published, min(published + room, 150_000))


def test_the_published_limit_itself_is_always_allowed():
    assert Authority(Fraction(0), Fraction(0), 1_000, 5_000, 60_000).fault(Decimal(40_000), 40_000, 30_000) is None


def test_figures_that_a_policy_leaves_out_give_no_authority_and_no_clock():
    kept = [line for line in TEXT.split("\n") if '"branch_authority' not in line and '"referral_' not in line]
    bare = load_policy("\n".join(kept)).in_force(AS_OF, "659900")
    held = authority(bare, "farmer_line")
    assert (held.down, held.up) == (0, 0)
    assert held.fault(Decimal(39_000), 40_000, 40_000) == "BEYOND_AUTHORITY"
    assert referral_days(bare) == (None, None)
    assert check_policy("\n".join(kept), AS_OF) == []


def test_authority_differs_by_county_product_and_day():
    more = (
        '  { name = "branch_authority_down", value = 0.25, unit = "share", from = 2026-06-01, reference '
        '= "x", verified = false, county = "659900", product = "trader_loan" },\n'
    )
    policy = load_policy(TEXT.replace('  { name = "branch_authority_up"', more + '  { name = "branch_authority_up"'))
    downs = [
        authority(policy.in_force(day, county), product).down
        for day, county, product in [
            (AS_OF, "659900", "trader_loan"),
            (date(2026, 5, 31), "659900", "trader_loan"),
            (AS_OF, "653199", "trader_loan"),
            (AS_OF, "659900", "farmer_line"),
        ]
    ]
    assert downs == [Fraction(1, 4), 1, 1, 1]


def test_the_shipped_policy_gives_three_working_days_to_each_clock():
    assert referral_days(shipped_policy()) == (3, 3)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('"branch_authority_down", value = 1.00', '"branch_authority_down", value = 1.50', "outside 0 to 1"),
        (
            '"branch_authority_up", value = 0, unit = "share"',
            '"branch_authority_up", value = 0, unit = "yuan"',
            "should be share",
        ),
        ('"referral_decision_days", value = 3', '"referral_decision_days", value = 3.5', "no"),
        (
            '"referral_draw_days", value = 3, unit = "working days"',
            '"referral_draw_days", value = 3, unit = "days"',
            "should be working days",
        ),
        (
            '"referral_draw_days", value = 3',
            '"referral_draw_days", product = "trader_loan", value = 3',
            "by county only",
        ),
    ],
)
def test_the_policy_check_names_a_figure_that_says_nothing(before, after, sentence):
    assert before in TEXT
    faults = check_policy(TEXT.replace(before, after), AS_OF)
    assert any(sentence in fault.sentence for fault in faults), faults
