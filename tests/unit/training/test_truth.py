"""How near a card comes to the best of a synthetic world, and which facts carry the gap."""

from __future__ import annotations

import numpy as np
import pytest

from village_credit.training.truth import gap_to_truth

ROWS = 6000


def world(seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Parts of the log odds, what came of them, and villages; of the facts only `will` is known to no office."""
    chance = np.random.default_rng(seed)
    parts = {
        "base": np.full(ROWS, -2.0),
        "will": chance.normal(0, 1.0, ROWS),
        "income": chance.normal(0, 0.6, ROWS),
        "village_year": np.repeat(chance.normal(0, 0.3, 30), ROWS // 30),
    }
    is_bad = chance.random(ROWS) < 1 / (1 + np.exp(-sum(parts.values())))
    return parts, is_bad, np.repeat([f"v{n:02d}" for n in range(30)], ROWS // 30)


def probability(*parts: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(2 - sum(parts)))


def test_a_card_that_knows_everything_has_no_gap():
    parts, is_bad, villages = world()
    found = gap_to_truth(is_bad, probability(*list(parts.values())[1:]), parts, villages)
    assert found["card_auc"] == pytest.approx(found["best_auc"])
    assert found["gap"] == pytest.approx(0, abs=1e-9)
    assert found["low"] <= found["gap"] <= found["high"]


def test_the_fact_that_a_card_lacks_carries_the_gap_and_the_facts_add_up_to_it():
    parts, is_bad, villages = world()
    found = gap_to_truth(is_bad, probability(parts["income"]), parts, villages)
    assert [(row["fact"], row["known"]) for row in found["facts"]] == [
        ("will", "undelivered"),
        ("village_year", "later"),
        ("income", "delivered"),
    ]
    assert found["facts"][0]["gained"] > 0.1
    assert sum(row["gained"] for row in found["facts"]) == pytest.approx(found["gap"])
    assert 0 < found["low"] < found["gap"] < found["high"]


def test_less_knowledge_tells_bads_from_goods_less():
    parts, is_bad, villages = world()
    found = gap_to_truth(is_bad, probability(parts["income"]), parts, villages)
    assert found["card_auc"] == pytest.approx(found["deliverable_auc"])  # of what offices know it knows all
    assert found["deliverable_auc"] + 0.05 < found["known_auc"] < found["best_auc"]
