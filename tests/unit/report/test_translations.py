"""Every word of a page is there in every language, with the same figures in it, and says who has read it."""

from __future__ import annotations

import string

import pytest

from data_contracts.branch import PRODUCTS_ZH
from data_contracts.reasons import DECISION_REASONS, EXTRACT_REASONS, ROW_REASONS, SHAPE_REASONS
from data_contracts.registry import CONTRACTS_ZH, OFFICES_ZH
from data_contracts.relief import CAUSES_ZH, MEASURES_ZH
from village_credit.features.catalogue import FEATURES
from village_credit.policy.gate_thresholds import DECLARED
from village_credit.report.translations import LANGUAGES, in_language, is_reviewed, joined, texts_in, translated

OTHERS = [language for language in LANGUAGES if language != "zh"]


def figures(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_word_and_no_other(language: str):
    chinese = {(section, key) for section, known in texts_in("zh").items() for key in known}
    assert {(section, key) for section, known in texts_in(language).items() for key in known} == chinese


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_figures_in_a_text(language: str):
    differing = [
        (section, key)
        for section, known in texts_in("zh").items()
        for key, text in known.items()
        if section != "decision_reasons" and figures(text) != figures(texts_in(language)[section][key])
    ]
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_a_run_may_name_has_its_word(language: str):
    known = texts_in(language)
    assert set(known["gate_names"]) == set(known["gates"]) == set(DECLARED)
    assert set(known["row_reasons"]) == set(ROW_REASONS)
    assert set(known["extract_reasons"]) == set(EXTRACT_REASONS)
    assert set(known["shape_reasons"]) == set(SHAPE_REASONS)
    assert set(known["decision_reasons"]) == set(DECISION_REASONS)
    assert set(known["contracts"]) == set(CONTRACTS_ZH)
    assert set(known["offices"]) == set(OFFICES_ZH)
    assert set(known["products"]) == set(PRODUCTS_ZH)
    assert set(known["relief_causes"]) == set(CAUSES_ZH)
    assert set(known["relief_measures"]) == set(MEASURES_ZH)
    assert set(known["features"]) == {"score", *(feature.name for feature in FEATURES)}


def test_nobody_has_read_the_uyghur_words_and_they_say_so():
    assert [language for language in LANGUAGES if not is_reviewed(language)] == ["ug"]
    assert in_language(translated("page", "unreviewed"), "ug")


def test_a_code_that_nobody_declared_is_told_as_it_is_and_a_word_of_ours_must_be_there():
    assert in_language(translated("row_reasons", "OF_OLDER_CODE"), "en") == "OF_OLDER_CODE"
    with pytest.raises(KeyError):
        translated("cards", "no such card")


def test_texts_stand_in_texts_in_their_own_language():
    said = translated("waiting", "failed_gate", gate=translated("gate_names", "budget"))
    assert in_language(said, "en").endswith("Cut by budgets")
    assert in_language(said, "zh").endswith("预算压减")
    assert joined("1", "2", between="–") == "1–2"
    assert in_language(joined("1 ", translated("waiting", "rows")), "en") == "1 rows"
