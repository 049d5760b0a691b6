"""What of two policies differs, thing by thing, and the older with one of them changed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS
from village_credit.policy.changed import changes, deciding, pinned, with_one
from village_credit.policy.model import Policy, load_policy

TEXT = (MODELS / "limit_policy.toml").read_text("utf-8")
STRESS = ('name = "stress", value = 0.70', 'name = "stress", value = 0.60')
NEXT_YEAR = date(2027, 6, 1)


def on_its_day(text: str, day: date = AS_OF) -> Policy:
    return pinned(load_policy(text).in_force(day, COUNTY_OF_TESTS))


def test_a_pinned_policy_decides_on_any_day_as_on_its_own():
    policy = load_policy(TEXT)
    own = deciding(policy.in_force(AS_OF, COUNTY_OF_TESTS))
    assert deciding(pinned(policy.in_force(AS_OF, COUNTY_OF_TESTS)).in_force(NEXT_YEAR, COUNTY_OF_TESTS)) == own


def test_what_differs_is_named_with_both_values_and_only_that():
    cap = ('name = "product_cap", value = 200000', 'name = "product_cap", value = 30000')
    found = changes(on_its_day(TEXT), on_its_day(TEXT.replace(*STRESS).replace(*cap)))
    assert {(one.name, one.whom, one.before, one.after) for one in found} == {
        ("stress", "", "0.70", "0.60"),
        ("product_cap", "farmer_line", "200000", "30000"),
    }
    assert changes(on_its_day(TEXT), on_its_day(TEXT)) == []


def test_one_thing_is_taken_over_and_all_of_them_are_the_new_policy():
    old, new = on_its_day(TEXT), on_its_day(TEXT.replace(*STRESS).replace('residual_crop = "小麦"', ""))
    found = changes(old, new)
    (stress,) = [one for one in found if one.name == "stress"]
    assert with_one(old, new, [stress.key]).figure("stress", AS_OF, county=COUNTY_OF_TESTS) == Decimal("0.60")
    whole = with_one(old, new, [one.key for one in found]).in_force(AS_OF, COUNTY_OF_TESTS)
    assert deciding(whole) == deciding(new.in_force(AS_OF, COUNTY_OF_TESTS))


def test_a_figure_of_a_later_day_and_a_crop_s_norm_are_changes_too():
    later = TEXT.replace(
        "figures = [",
        'figures = [\n  { name = "stress", value = 0.55, unit = "share", '
        'from = 2027-01-01, reference = "x", verified = false },',
        1,
    )
    names = {one.name for one in changes(on_its_day(later), on_its_day(later, NEXT_YEAR))}
    assert "stress" in names
    assert changes(on_its_day(TEXT), on_its_day(later)) == []
