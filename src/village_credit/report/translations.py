"""What pages say, in every language that they speak: one text is three, and no figure is said twice."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

from data_contracts.branch import PRODUCTS_ZH
from data_contracts.reasons import DECISION_REASONS, EXTRACT_REASONS, ROW_REASONS, SHAPE_REASONS
from data_contracts.registry import CONTRACTS_ZH, OFFICES_ZH
from data_contracts.relief import CAUSES_ZH, MEASURES_ZH
from village_credit.catalogue import terms
from village_credit.features.catalogue import FEATURES
from village_credit.policy.gate_thresholds import GATE_TEXTS
from village_credit.report.labels import ATTRIBUTES_ZH, DECISIONS_ZH, GROUPS_ZH, OUTCOMES_ZH, STATES_ZH

LANGUAGES = ("zh", "en", "ug")
CODES = frozenset(
    {
        *("row_reasons", "extract_reasons", "shape_reasons", "decision_reasons", "contracts", "offices", "products"),
        *(
            "attributes",
            "groups",
            "gates",
            "gate_names",
            "features",
            "measures",
            "acts",
            "link_passes",
            "name_agreements",
        ),
    }
)
Texts = dict[str, Mapping[str, str]]


class Translated(NamedTuple):
    """One text in every language of a page; its fields are LANGUAGES."""

    zh: str
    en: str
    ug: str


Text = Translated | str  # a text without words, a figure or a name, is the same in every language


@cache
def texts_in(language: str) -> Texts:
    """Return a language's words by section and key."""
    return {**_declared(language), **_file(f"translations/{language}.toml")}


@cache
def is_reviewed(language: str) -> bool:
    """Tell whether somebody whose language it is has read the words of a language."""
    return bool(tomllib.loads(_text(f"translations/{language}.toml"))["reviewed_by"])


def translated(section: str, key: str, **figures: object) -> Translated:
    """Return a text by its section and key, with figures and other texts in their places.

    A code of a reason, an office or the like that no file knows is told as it is.
    """
    return Translated(*(_filled(language, section, key, figures) for language in LANGUAGES))


def joined(*texts: Text, between: str = "") -> Text:
    """Return several texts as one."""
    if all(isinstance(text, str) for text in texts):
        return between.join(_in(text, 0) for text in texts)
    return Translated(*(between.join(_in(text, place) for text in texts) for place in range(len(LANGUAGES))))


def in_language(text: Text, language: str) -> str:
    """Return a text in one language."""
    return _in(text, LANGUAGES.index(language))


def _in(text: Text, place: int) -> str:
    return text if isinstance(text, str) else text[place]


def _filled(language: str, section: str, key: str, figures: Mapping[str, object]) -> str:
    known = texts_in(language)[section]
    text = known.get(key, key) if section in CODES else known[key]
    if not figures:
        return text
    place = LANGUAGES.index(language)
    return text.format(
        **{name: _in(each, place) if isinstance(each, Translated) else each for name, each in figures.items()}
    )


def _file(name: str) -> Texts:
    return {section: known for section, known in tomllib.loads(_text(name)).items() if isinstance(known, dict)}


def _text(name: str) -> str:
    return resources.files("village_credit.report").joinpath(name).read_text(encoding="utf-8")


def _declared(language: str) -> Texts:
    """Return the words of a language that stand where they are declared."""
    return {"zh": _declared_zh, "en": _declared_en, "ug": _declared_ug}[language]()


def _declared_zh() -> Texts:
    return {
        "row_reasons": ROW_REASONS,
        "extract_reasons": EXTRACT_REASONS,
        "shape_reasons": SHAPE_REASONS,
        "decision_reasons": DECISION_REASONS,
        "contracts": CONTRACTS_ZH,
        "offices": OFFICES_ZH,
        "products": {str(product): name for product, name in PRODUCTS_ZH.items()},
        "decisions": DECISIONS_ZH,
        "states": STATES_ZH,
        "outcomes": OUTCOMES_ZH,
        "attributes": ATTRIBUTES_ZH,
        "groups": GROUPS_ZH,
        "gates": {gate: told.sentence_zh for gate, told in GATE_TEXTS.items()},
        "features": {"score": "评分", **{feature.name: feature.meaning_zh for feature in FEATURES}},
        "terms": {column: term.label_zh for column, term in terms().items()},
        "relief_causes": CAUSES_ZH,
        "relief_measures": MEASURES_ZH,
    }


def _declared_en() -> Texts:
    told = {gate: f"{one.asks}; {one.what_to_do}".replace("`", "") for gate, one in GATE_TEXTS.items()}
    return {"gates": told, "features": {"score": "score", **{feature.name: feature.meaning for feature in FEATURES}}}


def _declared_ug() -> Texts:
    known = _file("templates/ug.toml")
    return {
        "decision_reasons": known["reasons"],
        "products": known["products"],
        "features": {"score": "باھا", **known["points_lost"]},
    }
