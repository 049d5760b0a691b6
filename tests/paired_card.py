"""A world in which two features say together what neither says alone, and a card that was trained on it."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pandas as pd

from village_credit.score.scorecard import Scorecard, Training
from village_credit.training.estimator import ScorecardClassifier
from village_credit.training.table import FeatureFacts, score_ranges, scored_with

NAMES = ("sooner", "later", "wet", "warm", "kind_code")
WAYS = {"sooner": 1, "later": -1}
DIRECTIONS = {"sooner": "rises", "later": "falls"}


def world(rows: int = 5000, seed: int = 1, strength: float = 1.4) -> tuple[pd.DataFrame, np.ndarray]:
    """`wet` and `warm` are bad where one of them is high alone; `sooner` matters only where `later` is small."""
    chance = np.random.default_rng(seed)
    frame = pd.DataFrame(chance.normal(size=(rows, 4)), columns=NAMES[:4])
    frame = frame.mask(chance.random(frame.shape) < 0.05)
    frame["kind_code"] = chance.integers(0, 3, rows).astype(float)
    full = frame.fillna(0.0)
    alone = (full["wet"] > 0.3) != (full["warm"] > -0.2)
    odds = -2.4 + strength * (2 * alone - 1) * 0.8 + 0.9 * full["sooner"] * (full["later"] < 0) - 0.4 * full["later"]
    return frame, (chance.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


@cache
def fitted() -> ScorecardClassifier:
    """Return a model of the world with its pairs."""
    frame, bad = world()
    return ScorecardClassifier(monotone=WAYS).fit(frame, bad)


@cache
def paired_card() -> Scorecard:
    """Return the model as a card."""
    model = fitted()
    facts = [FeatureFacts(name, "unit", ("none",), name, f"特征{name}", DIRECTIONS.get(name, "free")) for name in NAMES]
    training = Training(
        is_synthetic=True,
        windows=[],
        rows=5000,
        bads=0,
        outcomes={},
        default_definition="drawn",
        horizon_months=12,
        method="a test",
        figures={},
        score_ranges=score_ranges(model.score_points(world()[0]).astype(float)),
        input_hashes=[],
    )
    return Scorecard(
        model_id="paired",
        note="",
        **scored_with(model, facts),
        training=training,
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 31),
        impact_assessment="none",
    )
