"""A policy file is sound, or every fault is named with its place."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.conftest import MODELS
from village_credit.errors import PolicyRefused
from village_credit.policy.check import check_policy
from village_credit.policy.model import annuity, half_up, load_policy

AS_OF = date(2026, 11, 1)
TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")


def places(text: str) -> list[str]:
    return [fault.place for fault in check_policy(text, AS_OF)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ((r'name = "stress", value = 0.70', 'name = "stress", value = 1.70'), "figures.stress"),
        (
            (r'(name = "term", value = )36(.*product = "farmer_line", band = "A")', r"\g<1>48\2"),
            "figures.term.farmer_line.A",
        ),
        ((r'(name = "base", value = )100000', r"\g<1>60000"), "figures.base.farmer_line"),
        (
            (r'(name = "spread_bp", value = )150(.*product = "farmer_line")', r"\g<1>450\2"),
            "figures.spread_bp.farmer_line",
        ),
        ((r'(name = "band_edge_ppm", value = )40000', r"\g<1>10000"), "figures.band_edge_ppm"),
        ((r'.*name = "living_cost".*\n', ""), "figures.living_cost"),
        ((r'county = "\*", crop = "玉米"', 'county = "110101", crop = "玉米"'), "crop_norms.玉米.2021"),
        ((r'policy_id = "limit-2026.1"', 'policy_id = "limit-民族"'), "file"),
        ((r"policy_id = ", "policy_id = = "), "file"),
        (
            (r'name = "stress", value = 0.70, unit = "share"', 'name = "stress", value = 70, unit = "percent"'),
            "figures.stress",
        ),
        ((r'name = "living_cost"', 'name = "living_costs"'), "figures.living_costs"),
        ((r'name = "living_cost", value = 6000', 'name = "living_cost", value = -1'), "figures.living_cost"),
        ((r'name = "living_cost", value = 6000', 'name = "living_cost", value = 6000.5'), "figures"),
        ((r'name = "step", value = 1000', 'name = "step", value = 0'), "figures.step"),
        ((r'.*name = "band_edge_ppm".*band = "C".*\n', ""), "figures.band_edge_ppm"),
        ((r'(.*name = "rise".*\n)', r"\1\1"), "figures.rise"),
        ((r'(  \{ county = "\*", crop = "核桃", year = 2025.*\n)', r"\1\1"), "crop_norms.核桃.2025"),
        ((r'.*name = "scale_of_finance".*crop = "核桃".*\n', ""), "figures.scale_of_finance"),
        ((r"permille = 952", "permille = 953"), "annuities.revolving.0.0500.1"),
        ((r'names = \["农贷通"\]', 'names = ["农贷通", "乡村致富贷"]'), "products"),
        ((r'product = "trader_loan", band = "D"', 'product = "gold_loan", band = "D"'), "file"),
        ((r'band = "D"', 'band = "F"'), "file"),
        ((r'name = "working_margin", value = 0.30', 'ethnicity = "x", name = "working_margin", value = 0.30'), "file"),
        ((r'name = "living_cost", value = 6000', 'name = "living_cost_religion", value = 6000'), "file"),
    ],
)
def test_a_fault_is_named_with_its_place(change, place):
    changed = re.sub(*change, TEXT, count=1)
    assert changed != TEXT
    assert place in places(changed)


def test_the_latest_figure_not_after_the_day_holds_and_the_most_specific_goes_first():
    later = (
        '{ name = "living_cost", value = 7000, unit = "yuan", from = 2026-06-01, reference = "x", verified = false },'
    )
    own = (
        '{ name = "living_cost", value = 5000, unit = "yuan", from = 2024-01-01, reference = "x", '
        'verified = false, county = "653199" },'
    )
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
    assert {norm.crop for norm in policy.in_force(AS_OF, "659900").norms()} == {"棉花", "小麦", "玉米", "核桃", "红枣"}
    first_year_only = policy.in_force(date(2022, 11, 1), "659900")
    with pytest.raises(PolicyRefused):
        first_year_only.norms()  # no figure is in force so early: nothing is guessed


def added(text: str, **changes: str) -> str:
    """The shipped policy with one more figure of living cost."""
    entry = {"value": "6000", "from": "2024-01-01"} | changes
    keys = ", ".join(f'{k} = "{v}"' for k, v in entry.items() if k not in {"value", "from"})
    line = (
        f'{{ name = "living_cost", value = {entry["value"]}, unit = "yuan", from = {entry["from"]}, '
        f'reference = "x", verified = false{", " + keys if keys else ""} }},'
    )
    return text.replace("figures = [", f"figures = [\n{line}", 1)


def test_a_fault_that_only_begins_next_year_is_found_today():
    later = TEXT.replace(
        "figures = [",
        (
            'figures = [\n{ name = "base", value = 10, unit = "yuan", from = 2027-06-01, reference = "x", '
            'verified = false, band = "A" },'
        ),
        1,
    )
    assert set(places(later)) >= {"figures.base.farmer_line"}


def test_a_fault_in_one_county_s_own_figure_is_found():
    own = TEXT.replace(
        "figures = [",
        (
            'figures = [\n{ name = "base", value = 10, unit = "yuan", from = 2024-01-01, reference = "x", '
            'verified = false, band = "A", county = "653199" },'
        ),
        1,
    )
    assert "figures.base.farmer_line" in places(own)


def test_a_figure_for_every_county_may_be_written_with_a_star_and_overlaps_with_one_written_without():
    policy = load_policy(added(TEXT, value="6500", county="*", **{"from": "2025-01-01"}))
    assert policy.figure("living_cost", AS_OF, county="659900") == 6500
    assert "figures.living_cost" in places(added(TEXT, county="*"))


def test_among_as_many_keys_a_county_s_figure_goes_before_a_product_s():
    text = added(added(TEXT, value="1", county="653199"), value="2", product="farmer_line", **{"from": "2025-01-01"})
    assert load_policy(text).figure("living_cost", AS_OF, county="653199", product="farmer_line") == 1


def test_a_prohibited_attribute_refuses_the_policy_as_it_is_loaded():
    for word in ("share_religion", "民族", "blood_type"):
        with pytest.raises(PolicyRefused, match="prohibited"):
            load_policy(TEXT.replace('name = "rise"', f'name = "{word}"', 1))


def test_a_county_s_own_norm_replaces_the_general_one_of_its_year_only():
    own = (
        '{ county = "653199", crop = "玉米", year = 2025, yield_kg_per_mu = 500, price_yuan_per_kg = '
        '2.00, cost_yuan_per_mu = 700, form = "grain", outturn = 1, from = 2024-01-01, reference = "x", '
        "verified = false },"
    )
    policy = load_policy(TEXT.replace("crop_norms = [", f"crop_norms = [\n{own}", 1))
    general, local = ({n.crop: n for n in policy.in_force(AS_OF, c).norms()}["玉米"] for c in ("659900", "653199"))
    assert general.cost_yuan == Decimal("601.67")
    assert local.cost_yuan == Decimal("635.00")


def test_a_budget_that_begins_later_or_elsewhere_caps_nobody_today():
    cap = (
        '{ name = "budget_county", value = 5000, unit = "yuan", from = 2027-01-01, reference = "x", verified = false },'
    )
    own = (
        '{ name = "budget_village", value = 5000, unit = "yuan", from = 2024-01-01, reference = "x", '
        'verified = false, county = "653199" },'
    )
    policy = load_policy(TEXT.replace("figures = [", f"figures = [\n{cap}\n{own}", 1))
    assert policy.in_force(AS_OF, "659900").cap("county") is None
    assert policy.in_force(date(2027, 1, 1), "659900").cap("county") == 5000
    assert policy.in_force(AS_OF, "659900").cap("village") is None
    assert policy.in_force(AS_OF, "653199").cap("village") == 5000


@pytest.mark.parametrize(
    ("repayment", "years", "expected"),
    [
        ("revolving", 1, 952),
        ("revolving", 3, 952),
        ("instalments", 1, 952),
        ("instalments", 2, 1859),
        ("instalments", 3, 2723),
    ],
)
def test_an_annuity_is_reckoned_exactly_and_down(repayment, years, expected):
    assert annuity(repayment, Fraction("0.05"), years) == expected
    assert annuity("instalments", Fraction(0), years) == 1000 * years
