"""A stored scorecard: read and checked, scored as by hand, refused where it is unsound."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import MODELS
from village_credit.errors import ModelRefused
from village_credit.score.apply import score
from village_credit.score.binning import MAX_BINS, bin_feature
from village_credit.score.card import card_text
from village_credit.score.scorecard import Scorecard, load_scorecard
from village_credit.score.train import FeatureFacts, History, train

AS_OF = date(2026, 11, 1)
TEXT = (MODELS / "synthetic-2026.1.scorecard.json").read_text(encoding="utf-8")
CARD = load_scorecard(TEXT, AS_OF)


def by_hand(values: dict[str, float | None]) -> int:
    """Add up the printed page."""
    total = CARD.base_points
    for feature in CARD.features:
        value = values[feature.name]
        if value is None:
            total += feature.missing_points
        else:
            total += next(bin_.points for bin_ in feature.bins if bin_.below is None or value < bin_.below)
    return total


def table(rows: list[dict[str, float | None]]) -> pa.Table:
    columns = {
        feature.name: pa.array([row[feature.name] for row in rows], pa.float64()) for feature in CARD.features
    }
    return pa.table({"unit_code": [f"u{index:04d}" for index in range(len(rows))], **columns})


VALUES = st.one_of(
    st.none(),
    st.floats(-10, 1e6, allow_nan=False),
    st.sampled_from([b.below for f in CARD.features for b in f.bins if b.below is not None]),
)


@given(
    st.lists(
        st.fixed_dictionaries({feature.name: VALUES for feature in CARD.features}), min_size=1, max_size=8
    )
)
@settings(max_examples=40, deadline=None)
def test_the_score_is_what_anyone_adds_up_from_the_page(rows):
    found = score(table(rows), CARD).scores.column("points").to_pylist()
    assert found == [by_hand(row) for row in rows]


def test_points_lost_are_ranked_against_the_best_attainable():
    points = score(table([dict.fromkeys((f.name for f in CARD.features), None)]), CARD).points.to_pylist()
    best = {feature.name: feature.best_points for feature in CARD.features}
    assert [row["rank"] for row in points] == list(range(1, len(CARD.features) + 1))
    assert all(row["points_lost"] == best[row["feature"]] - row["points"] >= 0 for row in points)
    assert [row["points_lost"] for row in points] == sorted(
        (row["points_lost"] for row in points), reverse=True
    )


def changed(**parts) -> str:
    return json.dumps({**json.loads(TEXT), **parts})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        (changed(valid_to="2026-10-31"), "valid from"),
        (changed(probability={"from_points": 500, "ppm": [10, 20]}), "fall with points"),
        (
            changed(features=[{**json.loads(TEXT)["features"][0], "meaning": "religion of the head"}]),
            "prohibited",
        ),
        (
            changed(
                features=[
                    {**json.loads(TEXT)["features"][0], "bins": [{"below": 5.0, "points": 1, "label": "x"}]}
                ]
            ),
            "no upper edge",
        ),
        (changed(surprise=1), "surprise"),
    ],
)
def test_an_unsound_or_expired_scorecard_is_refused_with_the_reason(text, why):
    with pytest.raises(ModelRefused, match=why):
        load_scorecard(text, AS_OF)


def test_the_page_shows_every_bin_and_says_that_it_is_synthetic():
    page = card_text(CARD)
    assert "SYNTHETIC" in page
    assert all(bin_.label in page for feature in CARD.features for bin_ in feature.bins)


def history(seed: int = 0, rows: int = 3000) -> tuple[History, list[FeatureFacts]]:
    """Two features that matter, one that does not."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 3))
    values[rng.random((rows, 3)) < 0.1] = np.nan
    log_odds = -2.5 - 1.2 * np.nan_to_num(values[:, 0]) + 0.8 * np.nan_to_num(values[:, 1])
    is_bad = rng.random(rows) < 1 / (1 + np.exp(-log_odds))
    villages = np.array([f"v{index % 20}" for index in range(rows)])
    facts = [
        FeatureFacts(name, "x", ("s",), name, name, direction)
        for name, direction in (("falls", "falls"), ("rises", "rises"), ("noise", "free"))
    ]
    return History(values, is_bad, villages, ["2024-11-01"], ["h"]), facts


def test_training_finds_what_matters_and_keeps_the_asked_direction():
    past, facts = history()
    card: Scorecard = train(past, facts, "unit-test", date(2026, 1, 1), is_synthetic=True)
    points = {feature.name: [bin_.points for bin_ in feature.bins] for feature in card.features}
    assert card.training.figures["auc_out_of_village"] > 0.7
    assert points["falls"] == sorted(points["falls"])
    assert points["rises"] == sorted(points["rises"], reverse=True)
    assert max(points["falls"]) - min(points["falls"]) > 3 * (
        max(points.get("noise", [0])) - min(points.get("noise", [0]))
    )


def test_training_twice_gives_the_same_scorecard():
    past, facts = history()
    assert train(past, facts, "unit-test", date(2026, 1, 1), is_synthetic=True) == train(
        past, facts, "unit-test", date(2026, 1, 1), is_synthetic=True
    )


@given(st.integers(0, 10_000), st.sampled_from(["falls", "rises", "free"]))
@settings(max_examples=40, deadline=None)
def test_bins_are_few_and_monotone_where_asked(seed, direction):
    rng = np.random.default_rng(seed)
    values = rng.lognormal(size=400)
    binned = bin_feature(values, rng.random(400) < 0.2, direction)
    assert len(binned.woe) == len(binned.edges) + 1 <= MAX_BINS
    if direction != "free":
        ordered = sorted(binned.woe, reverse=direction == "rises")
        assert binned.woe == ordered
