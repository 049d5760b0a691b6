"""A household's message is a sentence of its language's file, with the figures of its decision."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date

import pytest

from data_contracts.branch import PRODUCT_ORDER
from data_contracts.reasons import DECISION_REASONS
from village_credit.errors import UsageError
from village_credit.features.catalogue import FEATURES
from village_credit.report.notice import FIGURES, languages, messages, notice, percent

GRANTED = {
    "decision": "granted",
    "product": "farmer_line",
    "limit_yuan": 60_000,
    "term_months": 36,
    "valid_from": date(2026, 11, 2),
    "valid_to": date(2029, 11, 1),
    "reason_codes": [],
    "binding_term": "need",
}
REFUSED = {**GRANTED, "decision": "declined", "limit_yuan": 0, "reason_codes": ["LOWEST_BAND"], "binding_term": "band"}
LOST = [{"feature": f"f{n}", "reason_zh": f"原因{n}"} for n in range(5)]


@pytest.mark.parametrize("language", languages())
def test_every_language_says_every_decision_product_and_reason_with_its_figures(language: str):
    said = messages(language)
    assert set(said.decisions) == {"granted", "declined", "manual_review"}
    assert set(said.products) == set(PRODUCT_ORDER)
    assert set(said.reasons) == set(DECISION_REASONS)
    named = {name for _, name, _, _ in string.Formatter().parse(said.decisions["granted"]) if name}
    assert named == {"product", "reason", "cost", *FIGURES}


def test_a_grant_is_told_with_its_limit_its_days_and_what_bound_it():
    text = notice(GRANTED, [], messages())
    assert all(part in text for part in ("农贷通", "60,000元", "36个月", "2026-11-02", DECISION_REASONS["need"]))


def test_who_is_declined_for_the_score_is_told_the_three_features_that_cost_most():
    text = notice(REFUSED, LOST, messages())
    assert "主要因为原因0、原因1、原因2" in text
    assert "原因3" not in text


def test_a_language_may_have_its_own_word_of_a_feature():
    said = replace(messages(), points_lost={"f0": "自己的说法"})
    assert "主要因为自己的说法、原因1" in notice(REFUSED, LOST, said)


def test_a_language_that_nobody_wrote_is_refused_by_name():
    with pytest.raises(UsageError, match="--lang xx: messages are written in ug, zh only"):
        messages("xx")


def test_a_grant_is_told_what_it_costs_with_every_charge_and_payee():
    granted = GRANTED | {"annual_rate_bp": 345, "annual_cost_bp": 400}
    text = notice(granted, [], messages())
    assert "年利率3.45%，除利息外不收取其他费用，年化综合融资成本4.00%。" in text
    charges = [
        {"product": "farmer_line", "charge": "保险费", "payee": "某保险公司", "basis": "yearly", "share_ppm": 5000},
        {"product": "farmer_line", "charge": "评估费", "payee": "某评估所", "basis": "once", "share_ppm": 1500},
        {"product": "trader_loan", "charge": "担保费", "payee": "某公司", "basis": "once", "share_ppm": 1500},
    ]
    text = notice(granted, [], messages(), charges)
    assert "另收保险费每年0.50%（某保险公司收取）、另收评估费一次性0.15%（某评估所收取）" in text
    assert "担保费" not in text


def test_a_run_that_is_older_than_the_figures_tells_no_cost():
    assert "年利率" not in notice(GRANTED, [], messages())


@pytest.mark.parametrize(
    ("value", "whole", "text"),
    [(345, 10_000, "3.45%"), (500, 10_000, "5.00%"), (1234, 1_000_000, "0.1234%"), (0, 10_000, "0.00%")],
)
def test_a_share_is_written_exactly_with_two_decimals_at_least(value: int, whole: int, text: str):
    assert percent(value, whole) == text


def test_a_season_is_told_with_its_days_and_its_amount():
    season = {"season": "春耕", "opens_on": "2027-03-01", "closes_on": "2027-06-30", "due_on": "2027-12-15"}
    text = notice(GRANTED, [], messages(), [], [season | {"amount_yuan": 36000}])
    assert "春耕：2027-03-01至2027-06-30可用36,000元，2027-12-15前归还。" in text


def test_uyghur_keeps_days_and_rates_in_their_order_and_has_a_word_for_each_feature():
    said = messages("ug")
    text = notice(GRANTED | {"annual_rate_bp": 345, "annual_cost_bp": 400}, [], said)
    assert "\u20662026-11-02\u2069" in text
    assert "\u20663.45%\u2069" in text
    assert "60,000" in text
    assert said.reasons["need"] in text
    assert set(said.points_lost) == {feature.name for feature in FEATURES}
    assert not said.reviewed_by
