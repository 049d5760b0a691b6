"""Gates ask the policy: their thresholds by county and day, what is worse, and what a new file loosens."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.builders import shipped_policy
from tests.conftest import MODELS
from village_credit.errors import PolicyRefused
from village_credit.policy.check import check_policy
from village_credit.policy.gate_thresholds import GATE_OF, GATES, OPTIONAL_FIGURES, REQUIRED_FIGURES, thresholds
from village_credit.policy.model import load_policy
from village_credit.policy.weakened import weakened

AS_OF = date(2026, 11, 1)
TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
OWN = 'county = "653199"'


def added(name: str, value: str, more: str = "", start: str = "2024-01-01", unit: str = "") -> str:
    """The shipped policy with one more threshold."""
    told = unit or GATE_OF[name].unit
    keys = f", {more}" if more else ""
    line = (
        f'{{ name = "{name}", value = {value}, unit = "{told}", from = {start}, reference = "x", verified '
        f"= false{keys} }},"
    )
    return TEXT.replace("figures = [", f"figures = [\n{line}", 1)


def replaced(name: str, old: str, new: str) -> str:
    """The shipped policy with another value of a threshold."""
    changed = TEXT.replace(f'name = "{name}", value = {old},', f'name = "{name}", value = {new},', 1)
    assert changed != TEXT
    return changed


def without(name: str) -> str:
    return "\n".join(line for line in TEXT.splitlines() if f'"{name}"' not in line)


def places(text: str) -> set[str]:
    return {fault.place for fault in check_policy(text, AS_OF)}


@pytest.mark.parametrize(
    ("gate", "value", "verdict"),
    [
        ("quarantined_share", 0.05, "pass"),
        ("quarantined_share", 0.0501, "warn"),
        ("quarantined_share", 0.25, "warn"),
        ("quarantined_share", 0.2501, "fail"),
        ("quarantined_share", None, "fail"),
        ("model_valid", 60.0, "pass"),
        ("model_valid", 59.0, "warn"),
        ("model_valid", 0.0, "warn"),
        ("model_valid", -1.0, "fail"),
        ("related_party_list", 92.0, "pass"),
        ("related_party_list", 93.0, "fail"),
        ("feature_drift", 99.0, "warn"),
        ("feature_drift", None, "fail"),
        ("approval_ratio_of_groups", 0.8, "pass"),
        ("approval_ratio_of_groups", 0.0, "warn"),
    ],
)
def test_a_figure_at_its_threshold_still_holds_and_a_missing_one_fails(gate, value, verdict):
    assert thresholds(shipped_policy(), gate).verdict(value) == verdict


@pytest.mark.parametrize(
    ("gate", "text"),
    [
        ("score_drift", "warn above 0.1, fail above 0.25"),
        ("related_party_list", "fail above 92 days"),
        ("model_valid", "warn below 60, fail below 0 days"),
        ("rejected_extracts", "warn above 0 extracts"),
    ],
)
def test_a_gate_says_what_it_asks_in_the_policy_s_unit(gate, text):
    assert thresholds(shipped_policy(), gate).text == text


def test_a_county_and_a_day_may_have_thresholds_of_their_own():
    own = load_policy(added("gate_score_drift_fail", "0.15", OWN, "2026-06-01"))
    assert thresholds(own.in_force(AS_OF, "653199"), "score_drift").fail == Decimal("0.15")
    assert thresholds(own.in_force(date(2026, 5, 31), "653199"), "score_drift").fail == Decimal("0.25")
    assert thresholds(own.in_force(AS_OF, "659900"), "score_drift").fail == Decimal("0.25")
    only = load_policy(added("gate_feature_drift_fail", "0.5", OWN))
    assert thresholds(only.in_force(AS_OF, "653199"), "feature_drift").verdict(0.6) == "fail"
    assert thresholds(only.in_force(AS_OF, "659900"), "feature_drift").verdict(0.6) == "warn"


@pytest.mark.parametrize("name", REQUIRED_FIGURES)
def test_a_threshold_that_is_missing_is_named_and_no_run_goes_on_without_it(name):
    assert f"figures.{name}" in places(without(name))
    with pytest.raises(PolicyRefused, match=name):
        thresholds(load_policy(without(name)).in_force(AS_OF, "659900"), GATE_OF[name].gate)


def test_what_a_gate_may_leave_out_is_only_a_failing_figure():
    assert all(name.endswith("_fail") for name in OPTIONAL_FIGURES)
    assert all(asked.fail and (asked.warn or not asked.may_only_warn) for asked in GATES.values())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (replaced("gate_score_drift_warn", "0.10", "0.26"), "gate_score_drift_warn"),
        (replaced("gate_model_valid_fail", "0", "61"), "gate_model_valid_warn"),
        (replaced("gate_legal_basis_fail", "0.30", "1.01"), "gate_legal_basis_fail"),
        (added("gate_feature_drift_fail", "0.05"), "gate_feature_drift_warn"),
        (added("gate_score_drift_fail", "0.05", OWN), "gate_score_drift_warn"),
        (added("gate_score_drift_fail", "0.05", start="2027-06-01"), "gate_score_drift_warn"),
        (added("gate_legal_basis_fail", "0.2", OWN, unit="percent"), "gate_legal_basis_fail"),
        (added("gate_legal_basis_fail", "0.2", 'product = "farmer_line"'), "gate_legal_basis_fail"),
        (TEXT.replace("gate_score_drift_warn", "gate_scores_drift_warn"), "gate_scores_drift_warn"),
    ],
)
def test_the_check_names_a_threshold_that_makes_no_sense(text, place):
    assert f"figures.{place}" in places(text)


def found(new: str, old: str = TEXT, county: str | None = None) -> list[tuple[str, str | None, str, str]]:
    items = weakened(load_policy(new), load_policy(old), AS_OF, county)
    return [(item.figure, item.county, str(item.day), f"{item.before} {item.after}") for item in items]


def test_more_let_through_is_looser_whichever_way_is_worse():
    assert found(replaced("gate_score_drift_fail", "0.25", "0.26")) == [
        ("gate_score_drift_fail", None, "2024-01-01", "0.25 0.26")
    ]
    assert found(replaced("gate_score_drift_fail", "0.25", "0.24")) == []
    assert found(replaced("gate_model_valid_warn", "60", "30")) == [
        ("gate_model_valid_warn", None, "2024-01-01", "60 30")
    ]
    assert found(replaced("gate_model_valid_warn", "60", "90")) == []
    assert found(replaced("related_list_max_age_days", "92", "100"))[0][0] == "related_list_max_age_days"


def test_a_failing_figure_that_is_taken_out_is_loosened_and_one_that_is_added_is_not():
    strict = added("gate_budget_fail", "10")
    assert found(TEXT, strict) == [("gate_budget_fail", None, "2024-01-01", "10 None")]
    assert found(strict, TEXT) == []


def test_a_later_day_and_one_county_are_seen_too():
    later = added("gate_score_drift_fail", "0.5", start="2027-06-01")
    assert found(later) == [("gate_score_drift_fail", None, "2027-06-01", "0.25 0.5")]
    own = added("gate_score_drift_fail", "0.5", OWN)
    assert found(own) == [("gate_score_drift_fail", "653199", "2024-01-01", "0.25 0.5")]
    strict = added("gate_score_drift_fail", "0.1", OWN)
    assert found(TEXT, strict) == [("gate_score_drift_fail", "653199", "2024-01-01", "0.1 0.25")]


def test_a_county_is_asked_by_name_where_a_run_is():
    looser = replaced("gate_score_drift_fail", "0.25", "0.5")
    assert ("gate_score_drift_fail", "659900", "2024-01-01", "0.25 0.5") in found(looser, county="659900")
    own = added("gate_score_drift_fail", "0.5", OWN)
    assert [item for item in found(own, county="659900") if item[1] == "659900"] == []
