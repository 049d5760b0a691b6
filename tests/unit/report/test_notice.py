"""What a household is told of a line is what its letter says: the same sentences and figures, as text."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from data_contracts.reasons import DECISION_REASONS
from village_credit.errors import UsageError
from village_credit.features.catalogue import FEATURES
from village_credit.report.letter import Sender, letter
from village_credit.report.notice import kind_of, languages, notice, notice_words
from village_credit.report.notice_template import GRANTED_BECAUSE, REASONS_TOLD
from village_credit.report.percent import percent

SENDER = Sender({"ug": "بانكا"}, "某信用社", "城关分社", "0000-1000071", None, "2026-11-02")
LINE: dict[str, Any] = {
    "kind": "granted",
    "name": "甲",
    "village": "某村",
    "reference": "b" + "a" * 26,
    "decision": "granted",
    "product": "farmer_line",
    "limit_yuan": 60_000,
    "previous_yuan": 0,
    "term_months": 36,
    "valid_from": "2026-11-02",
    "valid_to": "2029-11-01",
    "annual_rate_bp": 345,
    "annual_cost_bp": 400,
    "binding_term": "need",
    "reason_codes": [],
}
NO = LINE | {"decision": "declined", "kind": "declined", "limit_yuan": 0, "binding_term": "band", "is_open": True}
LOST = [{"feature": f"f{n}", "reason_zh": f"原因{n}"} for n in range(5)]
CHARGES = [
    {"product": "farmer_line", "charge": "保险费", "payee": "某保险公司", "basis": "yearly", "share_ppm": 5000},
    {"product": "farmer_line", "charge": "评估费", "payee": "某评估所", "basis": "once", "share_ppm": 1500},
    {"product": "trader_loan", "charge": "担保费", "payee": "某公司", "basis": "once", "share_ppm": 1500},
]
SEASON = {"season": "春耕", "opens_on": "2027-03-01", "closes_on": "2027-06-30", "due_on": "2027-12-15"}
MARKS = re.compile("[\u2066\u2068\u2069\u200f]")


def told(line: dict[str, Any], language: str = "zh", charges: list[dict[str, Any]] | None = None) -> str:
    return notice(line, SENDER, notice_words(language), charges or [])


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", ["granted", "lost", "frozen"])
def test_every_word_of_it_stands_in_the_letter_of_the_same_line(language: str, kind: str):
    line = LINE | {"kind": kind, "seasons": [SEASON | {"amount_yuan": 36_000}], "previous_yuan": 50_000}
    line |= {} if kind == "granted" else {"reason_codes": ["LOWEST_BAND"]}
    page = html.unescape(re.sub("<[^>]+>", " ", letter([line], SENDER, [notice_words(language)], CHARGES)))
    words = re.split(r"[\s：:；؛]+", MARKS.sub(" ", told(line, language, CHARGES)))
    shown = " ".join(page.split())
    joined = re.sub(r"\s+", "", shown)
    assert [word for word in words if word and word not in joined] == []


def test_a_grant_is_told_with_its_limit_its_days_its_cost_and_what_bound_it():
    text = told(LINE)
    assert "额度：60,000 元；期限：36 个月；起止：2026-11-02 – 2029-11-01；年利率（单利）：3.45%；" in text
    assert "年化综合融资成本：4.00%；其他费用：除利息外不收取其他费用；" in text
    assert f"额度依据：{notice_words('zh').bound_text['need']}；" in text
    assert "城关分社" in text
    assert "0000-1000071" in text
    assert "甲" not in text


def test_charges_are_told_with_their_payee_and_no_other_product_s():
    text = told(LINE, charges=CHARGES)
    assert "保险费每年0.50%（某保险公司收取） 评估费一次性0.15%（某评估所收取）" in text
    assert "担保费" not in text


def test_a_run_that_is_older_than_the_rates_tells_no_cost():
    assert "利率" not in told(LINE | {"annual_rate_bp": None, "annual_cost_bp": None})


def test_a_season_is_told_with_its_days_and_its_amount():
    text = told(LINE | {"seasons": [SEASON | {"amount_yuan": 36_000}]})
    assert "春耕：2027-03-01至2027-06-30可用36,000 元，2027-12-15前归还。" in text


@pytest.mark.parametrize("code", sorted(GRANTED_BECAUSE))
def test_a_grant_that_hangs_on_something_says_so(code: str):
    assert f"原因：{DECISION_REASONS[code]}；" in told(LINE | {"reason_codes": [code]})


def test_who_is_declined_for_the_score_is_told_the_three_features_that_cost_most():
    text = told(NO | {"reason_codes": ["LOWEST_BAND"], "points_lost": LOST})
    assert text.startswith("您家的“农贷通”本次没有授信额度。原因：信用评分处于最低档；主要因为：原因0、原因1、原因2；")
    assert "原因3" not in text


@pytest.mark.parametrize("language", languages())
def test_every_reason_is_said_and_by_the_letter_s_own_words_where_it_has_them(language: str):
    said = notice_words(language)
    for code in DECISION_REASONS:
        assert said.reason_of(code), code
        text = MARKS.sub("", told(NO | {"reason_codes": [code]}, language))
        assert said.reason_of(code) in text
        if code in REASONS_TOLD:
            assert said.reason_of(code) == said.lost_reasons[code]


def test_uyghur_keeps_days_and_rates_in_their_order_and_has_a_word_for_each_feature():
    said = notice_words("ug")
    text = told(LINE, "ug")
    assert "\u20662026-11-02\u2069" in text
    assert "\u20663.45%\u2069" in text
    assert said.bound_text["need"] in text
    assert set(said.points_lost) == {feature.name for feature in FEATURES}
    assert not said.reviewed_by
    assert "{" not in text


@pytest.mark.parametrize(
    ("decision", "codes", "had", "kind"),
    [
        ("granted", [], True, "granted"),
        ("granted", ["REVIEW_GRANTED"], False, "granted"),
        ("declined", ["LOWEST_BAND"], False, "declined"),
        ("declined", ["LOWEST_BAND"], True, "lost"),
        ("declined", ["FROZEN"], True, "frozen"),
        ("manual_review", ["HELD"], True, "frozen"),
        ("manual_review", ["OVERDUE"], False, "review"),
    ],
)
def test_a_line_is_told_as_its_branch_is(decision: str, codes: list[str], had: bool, kind: str):
    assert kind_of({"decision": decision, "reason_codes": codes}, had_line=had) == kind


@pytest.mark.parametrize("language", ["xx", "kk"])
def test_a_language_without_words_for_who_has_no_line_is_refused_by_name(language: str):
    with pytest.raises(UsageError, match=f"--lang {language}: messages are written in ug, zh only"):
        notice_words(language)


@pytest.mark.parametrize(
    ("value", "whole", "text"),
    [(345, 10_000, "3.45%"), (500, 10_000, "5.00%"), (1234, 1_000_000, "0.1234%"), (0, 10_000, "0.00%")],
)
def test_a_share_is_written_exactly_with_two_decimals_at_least(value: int, whole: int, text: str):
    assert percent(value, whole) == text
