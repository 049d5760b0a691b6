"""Figures on the page: never broken, never with an exponent, and in the reader's language."""

from __future__ import annotations

from datetime import date

import pytest

from tests.conftest import MODELS, Scored
from village_credit.policy.gate_thresholds import GATES, thresholds
from village_credit.policy.model import load_policy
from village_credit.report.figures import plain_figure, threshold_text
from village_credit.report.html import table
from village_credit.report.translations import in_language


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00001, "0.00001"), (1e-9, "0.000000001"), (1234567.0, "1,235,000"), (0.25, "0.25"), (0.0, "0"), (-0.5, "-0.5")],
)
def test_a_figure_has_no_exponent(value: float, text: str):
    assert plain_figure(value) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("warn above 0.05, fail above 0.25", "高于 0.05 注意，高于 0.25 不通过"),
        ("warn below 60, fail below 0 days", "低于 60天 注意，低于 0天 不通过"),
        ("warn above 1e-05", "高于 0.00001 注意"),
        ("fail above 0 townships", "高于 0个乡镇 不通过"),
        ("0, no override", "须为 0，不可越过"),
    ],
)
def test_a_threshold_is_told_in_chinese(text: str, said: str):
    assert in_language(threshold_text(text), "zh") == said


def test_a_share_is_told_as_a_percentage():
    said = threshold_text("warn above 0.05, fail above 0.25", "share")
    assert in_language(said, "zh") == "高于 5% 注意，高于 25% 不通过"
    assert in_language(said, "en") == "above 5%: warning, above 25%: failed"


def test_no_threshold_of_the_shipped_policy_stays_english(quiet: Scored):
    policy = load_policy((MODELS / "limit_policy.toml").read_text(encoding="utf-8")).in_force(
        date(2026, 11, 1), "659900"
    )
    told = [in_language(threshold_text(thresholds(policy, gate).text), "zh") for gate in GATES]
    assert not [text for text in told if any(letter.isascii() and letter.isalpha() for letter in text)]
    page = (quiet.store.run_folder(quiet.run.run_id) / "report.html").read_text(encoding="utf-8")
    assert "warn above" not in page
    assert "fail above" not in page


@pytest.mark.parametrize("figure", ["1,234,567", "0.25", "-4,000", "12.5%", "200,000 元", "0.12–0.34"])
def test_a_cell_of_one_figure_is_never_broken(figure: str):
    assert f'<td class="figure">{figure}</td>' in table(["数值"], [(figure,)])
    assert '<td class="figure">' not in table(["说明"], [("共 3 户，其中 2 户",)])
