"""Whom only the score declines, and the hold-out drew: granted what the other terms carry, up to a cap of its own."""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.builders import UNIT, facts_of, scores
from tests.reference.limit_reference import reference_limits
from tests.unit.decide.test_chance import AS_OF, COUNTY, TEXT, drawn, scored
from village_credit.decide.decide import HUMAN_INPUTS, decide
from village_credit.policy.check import check_policy
from village_credit.policy.model import load_policy

CAP = """figures = [
  { name = "holdout_cap", value = 8000, unit = "yuan", from = 2024-01-01, reference = "a trial", verified = false },
"""
WITH_CAP = TEXT.replace("figures = [", CAP, 1)
LOWEST = 200_000  # ppm


def decided(said: dict[str, Any], text: str = WITH_CAP, ppm: int = LOWEST, **changes: Any) -> dict[str, Any]:
    """One household's decision, drawn as `said`."""
    word = {"unit_code": UNIT, "product": "farmer_line", "verdict": "holdout", "reason_codes": ["LOWEST_BAND"]}
    given = facts_of({UNIT: changes}) | {
        "reviewed": pa.Table.from_pylist([word | said], schema=HUMAN_INPUTS["reviewed"])
    }
    found = decide(given, lambda _: scores(ppm, [UNIT]), load_policy(text).in_force(AS_OF, COUNTY), AS_OF)
    return found.decisions.to_pylist()[0] | {"terms": found.waterfall.to_pylist()[0]}


def test_who_is_drawn_is_granted_the_figure_and_told_why():
    row = decided({"limit_yuan": 6_000})
    assert (row["decision"], row["limit_yuan"], row["band"]) == ("granted", 6_000, "E")
    assert row["reason_codes"] == ["HOLDOUT_GRANTED", "LOWEST_BAND"]
    assert row["binding_term"] == "holdout"
    assert row["terms"]["policy_limit_yuan"] == row["terms"]["review_limit_yuan"] == 0  # no person may grant it


REFUSED: dict[str, dict[str, Any]] = {
    "the policy has no hold-out": {"said": {"limit_yuan": 6_000}, "text": TEXT},
    "above the cap": {"said": {"limit_yuan": 9_000}},
    "below the ticket": {"said": {"limit_yuan": 4_000}},
    "off the steps": {"said": {"limit_yuan": 6_500}},
    "another product": {"said": {"limit_yuan": 6_000, "product": "poverty_micro_loan"}},
    "another reason beside it": {
        "said": {"limit_yuan": 6_000},
        "related_parties": [{"updated_on": AS_OF.replace(month=10)}],
    },
    "terms that do not carry it": {"said": {"limit_yuan": 6_000}, "crops": [], "books": []},
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_nobody_is_granted_beyond_the_draw_s_own_terms(case: str):
    row = decided(**REFUSED[case])
    assert row["limit_yuan"] == 0
    assert "HOLDOUT_GRANTED" not in row["reason_codes"]


def test_a_better_score_has_its_own_limit_whatever_was_drawn():
    row = decided({"limit_yuan": 6_000}, ppm=30_000)
    assert row["decision"] == "granted"
    assert row["reason_codes"] == []
    assert row["limit_yuan"] > 8_000


def test_four_thousand_drawn_households_agree_with_the_second_reckoning():
    facts, ppm = drawn(7, 4_000)
    chance = random.Random(7)
    units = list(ppm)
    ppm |= {unit: 150_000 for unit in units if chance.random() < 0.8}
    said = [
        {
            "unit_code": unit,
            "product": chance.choice(["farmer_line", "farmer_line", "follow_on_loan", "poverty_micro_loan"]),
            "verdict": chance.choice(["holdout", "holdout", "holdout", "grant", "decline"]),
            "limit_yuan": chance.choice([4_000, 5_000, 6_000, 6_500, 8_000, 9_000]),
            "reason_codes": ["LOWEST_BAND"],
        }
        for unit in units
    ]
    given = facts | {"reviewed": pa.Table.from_pylist(said, schema=HUMAN_INPUTS["reviewed"])}
    decisions = decide(given, lambda _: scored(ppm), load_policy(WITH_CAP).in_force(AS_OF, COUNTY), AS_OF).decisions
    rows = {name: table.to_pylist() for name, table in given.items()}
    theirs = reference_limits(rows, ppm, tomllib.loads(WITH_CAP, parse_float=Decimal), AS_OF, COUNTY)
    wrong = [
        (row["unit_code"], name, row[name], theirs[row["unit_code"]][other])
        for row in decisions.to_pylist()
        for name, other in (
            ("decision", "decision"),
            ("limit_yuan", "limit_yuan"),
            ("reason_codes", "reasons"),
            ("binding_term", "binding_term"),
        )
        if row[name] != theirs[row["unit_code"]][other]
    ]
    assert wrong[:5] == []
    counts = Counter("HOLDOUT_GRANTED" in row["reason_codes"] for row in decisions.to_pylist())
    assert counts[True] > 50


def test_the_policy_s_cap_is_looked_at():
    def told(text: str) -> list[str]:
        return [str(fault) for fault in check_policy(text, AS_OF) if "holdout_cap" in str(fault)]

    assert told(WITH_CAP) == []
    for wrong in ('value = 8000, unit = "share"', 'value = 8000.5, unit = "yuan"', 'value = 800000, unit = "yuan"'):
        assert told(WITH_CAP.replace('value = 8000, unit = "yuan"', wrong, 1))
