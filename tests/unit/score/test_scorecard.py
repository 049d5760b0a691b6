"""A stored scorecard.

Read and checked, scored as by hand, refused where it is unsound, altered, unsigned or expired.
"""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import MODELS
from village_credit.errors import ModelRefused
from village_credit.pseudonyms import Keys
from village_credit.score.apply import Kernel, score, score_columns
from village_credit.score.card import card_text
from village_credit.score.scorecard import (
    ROLES,
    SIGNATURE_FORMAT,
    ModelSignature,
    Scorecard,
    card_json,
    content_hash,
    load_scorecard,
    read_scorecard,
    statement,
)
from village_credit.services.rules import trusted_keys
from village_credit.training.table import FeatureFacts
from village_credit.training.train import History, train

AS_OF = date(2026, 11, 1)
TEXT = (MODELS / "synthetic-2026.1.scorecard.json").read_text(encoding="utf-8")
KEYS = Keys(b"p" * 32, b"v" * 32, b"f" * 32, b"s" * 32)
TRUSTED = [*trusted_keys(MODELS, KEYS.public_keys())]
CARD = load_scorecard(TEXT, AS_OF, TRUSTED)


def by_hand(values: dict[str, float | None]) -> int:
    """Add up the printed page."""
    total = CARD.base_points
    for feature in CARD.features:
        value = values[feature.name]
        if value is None:
            total += feature.missing.points
        else:
            total += next(bin_.points for bin_ in feature.bins if bin_.below is None or value < bin_.below)
    return total


def table(rows: list[dict[str, float | None]]) -> pa.Table:
    columns = {feature.name: pa.array([row[feature.name] for row in rows], pa.float64()) for feature in CARD.features}
    return pa.table({"unit_code": [f"u{index:04d}" for index in range(len(rows))], **columns})


VALUES = st.one_of(
    st.none(),
    st.floats(-10, 1e6, allow_nan=False),
    st.sampled_from([b.below for f in CARD.features for b in f.bins if b.below is not None]),
)
HOUSEHOLD = st.fixed_dictionaries({feature.name: VALUES for feature in CARD.features})


@given(st.lists(HOUSEHOLD, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_the_score_is_what_anyone_adds_up_from_the_page(rows):
    found = score(table(rows), CARD)
    assert found.scores.column("points").to_pylist() == [by_hand(row) for row in rows]
    first = CARD.probability.from_points
    assert found.scores.column("default_probability_ppm").to_pylist() == [
        CARD.probability.ppm[by_hand(row) - first] for row in rows
    ]


@given(st.lists(HOUSEHOLD, min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_points_lost_are_ranked_against_the_best_attainable_with_a_reason_each(rows):
    points = score(table(rows), CARD).points.to_pylist()
    features = {feature.name: feature for feature in CARD.features}
    for start in range(0, len(points), len(features)):
        told = points[start : start + len(features)]
        assert [row["rank"] for row in told] == list(range(1, len(features) + 1))
        assert all(row["points_lost"] == features[row["feature"]].best_points - row["points"] >= 0 for row in told)
        assert all(high["points_lost"] >= low["points_lost"] for high, low in pairwise(told))
        assert all((row["reason_zh"] is None) == (row["points_lost"] == 0) for row in told)
        assert all(
            features[row["feature"]].meaning_zh in (row["reason_zh"] or features[row["feature"]].meaning_zh)
            for row in told
        )


EDGES = [20_000, 50_000, 100_000, 150_000]


def band(total: int) -> int:
    ppm = CARD.probability.ppm[total - CARD.probability.from_points]
    return sum(ppm >= edge for edge in EDGES)


def test_every_reason_told_is_true_and_none_of_the_first_four_is_kept_back():
    chance = np.random.default_rng(0)
    columns = {}
    for one in CARD.features:
        edges = np.array([bin_.below for bin_ in one.ranges[:-1]] or [1.0])
        drawn = chance.choice(edges, 10_000) + chance.choice([-1e-9, 0.0], 10_000)
        columns[one.name] = pa.array(np.where(chance.random(10_000) < 0.1, np.nan, drawn))
    scored = score(pa.table({"unit_code": [f"u{n:05d}" for n in range(10_000)], **columns}), CARD, EDGES)
    totals = dict(zip(*(scored.scores.column(name).to_pylist() for name in ("unit_code", "points")), strict=True))
    told = 0
    for row in scored.points.to_pylist():
        total = totals[row["unit_code"]]
        is_true = band(total + row["points_lost"]) < band(total)
        assert (row["reason_zh"] is not None) == (is_true and row["rank"] <= 4)
        told += row["reason_zh"] is not None
    assert told > 10_000


@pytest.mark.parametrize(("ppm", "needed"), [(50_000, 1), (49_999, None), (50_001, 1)])
def test_a_probability_on_a_band_s_edge_is_in_the_band_below(ppm, needed):
    levels = CARD.probability.model_copy(update={"from_points": 600, "ppm": [ppm, 40_000, 30_000]})
    card = CARD.model_copy(update={"probability": levels})
    kernel = Kernel(
        card,
        np.zeros((1, 1), np.int8),
        np.zeros((1, 1), np.int16),
        np.zeros((0, 1), np.int16),
        np.array([600]),
        np.array([ppm]),
    )
    assert (kernel.needed([50_000])[0] == needed) if needed else (kernel.needed([50_000])[0] > 1_000_000)


def test_a_reason_says_which_way_the_value_lies():
    worst = {f.name: {"falls": -1e9, "rises": 1e9, "free": None}[f.direction] for f in CARD.features}
    told = {row["feature"]: row["reason_zh"] for row in score(table([worst]), CARD).points.to_pylist()}
    assert told["income_per_person_yuan"] == "人均经营与务工收入偏低"
    assert told["debt_to_income"] == "负债收入比偏高"


def test_infinite_and_missing_values_find_a_bin():
    columns = [pa.array([np.inf, -np.inf, np.nan]) for _ in CARD.features]
    kernel = score_columns(columns, CARD)
    for feature, places in zip(CARD.features, kernel.bins, strict=True):
        assert places.tolist() == [len(feature.ranges) - 1, 0, len(feature.bins)]


def test_words_and_special_values_find_their_bins_and_unknown_words_the_other_one():
    content = json.loads(TEXT)
    common = {
        "unit": "u",
        "sources": ["x"],
        "meaning": "m",
        "meaning_zh": "中",
        "direction": "free",
        "information_value": 0.1,
        "missing": {"points": -1, "rows": 1, "bads": 0},
    }
    content["features"] = [
        {
            "name": "crop",
            **common,
            "bins": [
                {"label": "a, b", "points": 3, "rows": 9, "bads": 1, "categories": ["a", "b"]},
                {"label": "(other)", "points": -2, "rows": 3, "bads": 1, "categories": [], "is_other": True},
            ],
        },
        {
            "name": "size",
            **common,
            "bins": [
                {"label": "< 5", "points": 1, "rows": 9, "bads": 1, "below": 5},
                {"label": ">= 5", "points": 2, "rows": 9, "bads": 1},
                {"label": "= -1", "points": -9, "rows": 2, "bads": 1, "special": [-1]},
            ],
        },
    ]
    card = Scorecard.model_validate(content)
    kernel = score_columns([pa.array(["b", "zebra", None, "a"]), pa.array([-1.0, 4.9, 5.0, None])], card)
    assert kernel.points.tolist() == [[3, -2, -1, 3], [-9, 1, 2, -1]]


# refused


def changed(**parts) -> str:
    """Change the file's words and leave its hash as it was."""
    return json.dumps({**json.loads(TEXT), **parts})


def signed(card: Scorecard, people: dict[str, str], keys: Keys = KEYS) -> str:
    card = card.model_copy(update={"content_sha256": content_hash(card), "signatures": []})
    made = [
        ModelSignature(
            role=role,
            by=by,
            at="2026-01-01T00:00:00+00:00",
            public_key=keys.public_key().hex(),
            signature=keys.sign(
                "model", statement(card.model_id, card.content_sha256, role, by, "2026-01-01T00:00:00+00:00")
            ),
            format=SIGNATURE_FORMAT,
        )
        for role, by in people.items()
    ]
    return card_json(card.model_copy(update={"signatures": made}))


PEOPLE = {"developer": "1001", "validator": "2002", "approver": "3003"}


def refusal(text: str, day: date = AS_OF) -> str:
    with pytest.raises(ModelRefused) as caught:
        load_scorecard(text, day, TRUSTED)
    return str(caught.value)


def test_a_sound_signed_one_is_read():
    assert load_scorecard(signed(CARD, PEOPLE), AS_OF, TRUSTED).signer("approver") == "3003"


def test_any_byte_of_the_points_changed_is_seen():
    altered = TEXT.replace(f'"base_points": {CARD.base_points}', f'"base_points": {CARD.base_points + 1}')
    assert altered != TEXT
    assert "altered" in refusal(altered)


@given(st.integers(0, len(TEXT) - 1), st.sampled_from('0123456789az"{}[],:-'))
@settings(max_examples=150, deadline=None)
def test_no_change_of_one_character_passes_unless_it_says_the_same(place, character):
    altered = TEXT[:place] + character + TEXT[place + 1 :]
    try:
        found = load_scorecard(altered, AS_OF, TRUSTED)
    except ModelRefused:
        return
    assert found == CARD


def test_with_its_hash_reckoned_again_the_signatures_no_longer_hold():
    card = CARD.model_copy(update={"base_points": CARD.base_points + 40})
    again = card.model_copy(update={"content_sha256": content_hash(card)})
    assert "signature is not over this content" in refusal(card_json(again))


def test_past_its_validity_and_before_it():
    assert "valid from" in refusal(TEXT, date(2031, 1, 1))
    assert "valid from" in refusal(TEXT, CARD.valid_from - (date(2026, 1, 2) - date(2026, 1, 1)))
    assert load_scorecard(TEXT, CARD.valid_to, TRUSTED)


@pytest.mark.parametrize("lacking", ROLES)
def test_a_role_that_did_not_sign(lacking):
    assert f"not signed by its {lacking}" in refusal(signed(CARD, {r: p for r, p in PEOPLE.items() if r != lacking}))


@pytest.mark.parametrize("same", ["1001", " １００１ "])
def test_a_developer_who_is_the_approver(same):
    assert "three different people" in refusal(signed(CARD, {**PEOPLE, "approver": same}))


def test_a_key_that_nobody_trusts():
    assert "neither this store's" in refusal(signed(CARD, PEOPLE, Keys(b"p" * 32, b"v" * 32, b"f" * 32, b"x" * 32)))


def feature(**parts) -> dict:
    return {**json.loads(TEXT)["features"][0], **parts}


def bins(*edges: float | None, points: list[int] | None = None) -> list[dict]:
    return [
        {"label": str(edge), "points": (points or list(range(len(edges))))[n], "rows": 5, "bads": 1, "below": edge}
        for n, edge in enumerate(edges)
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        (changed(features=[feature(name="ethnicity")]), "prohibited"),
        (changed(features=[feature(meaning_zh="户主民族")]), "prohibited"),
        (changed(features=[feature(bins=bins(2.0, 1.0, None))]), "rise"),
        (changed(features=[feature(bins=bins(1.0, 2.0))]), "last range"),
        (changed(features=[feature(bins=bins(1.0, 2.0, None, points=[3, 1, 2]))]), "direction"),
        (changed(features=[feature(direction="free", bins=bins(*range(1, 9), None))]), "more bins"),
        (changed(features=[feature(), feature()]), "twice"),
        (changed(probability={"from_points": 500, "ppm": [10, 20]}), "fall"),
        (changed(probability={"from_points": 500, "ppm": [1_000_001, 20]}), "fall"),
        (changed(impact_assessment=""), "impact_assessment"),
        (changed(secret=1), "secret"),
    ],
)
def test_an_unsound_scorecard_is_refused_with_what_is_wrong(text, why):
    assert why in refusal(text)


def test_a_refusal_repeats_nothing_of_the_file():
    assert "张三" not in refusal(changed(note=["张三"]))


# training


def past(rows: int = 1200, seed: int = 5) -> History:
    chance = np.random.default_rng(seed)
    income, debt = chance.lognormal(10, 0.6, rows), chance.gamma(2, 0.3, rows)
    odds = -2.5 - 0.9 * np.log(income / 22000) + 0.8 * debt
    values = np.column_stack([np.where(chance.random(rows) < 0.1, np.nan, income), debt])
    return History(
        values,
        chance.random(rows) < 1 / (1 + np.exp(-odds)),
        np.array([f"v{n % 12:02d}" for n in range(rows)]),
        np.arange(rows) * 3 // rows,
        ["2023-11-01", "2024-11-01", "2025-11-01"],
        {"overdue": 1},
        ["aa"],
    )


FACTS = [
    FeatureFacts("income", "yuan", ("household_economy",), "income", "收入", "falls"),
    FeatureFacts("debt", "ratio", ("household_economy",), "debt", "负债", "rises"),
]


@pytest.fixture(scope="module")
def trained() -> Scorecard:
    return train(past(), FACTS, "unit-test", date(2026, 1, 1))


def test_trained_points_follow_the_committee_s_directions_and_tell_bads_from_goods(trained: Scorecard):
    income, debt = (next(f for f in trained.features if f.name == name) for name in ("income", "debt"))
    assert [b.points for b in income.bins] == sorted(b.points for b in income.bins)
    assert [b.points for b in debt.bins] == sorted((b.points for b in debt.bins), reverse=True)
    assert trained.training.figures["auc_out_of_village"] > 0.6
    assert trained.training.figures["auc_out_of_time"] > 0.6
    assert sum(b.rows for b in income.bins) + income.missing.rows == trained.training.rows == 1200
    assert sum(r.rows for r in trained.training.score_ranges) == 1200
    assert read_scorecard(card_json(trained)) == trained


def test_training_twice_gives_the_same_bytes(trained: Scorecard):
    assert card_json(train(past(), FACTS, "unit-test", date(2026, 1, 1))) == card_json(trained)


def test_what_was_trained_without_an_impact_assessment_says_that_it_is_synthetic(trained: Scorecard):
    assert trained.training.is_synthetic
    assert "SYNTHETIC" in card_text(trained)
    assert not train(past(150), FACTS, "unit-test", date(2026, 1, 1), "PIA-1").training.is_synthetic


def test_a_history_of_one_kind_is_refused_with_its_counts():
    given = past(200)
    only = given.rows(~given.is_bad)
    with pytest.raises(ModelRefused, match="0 defaults"):
        train(only, FACTS, "unit-test", date(2026, 1, 1))


def test_the_card_prints_every_bin_and_its_points():
    text = card_text(CARD)
    for feature_ in CARD.features:
        for bin_ in feature_.bins:
            assert f"| {bin_.label} | {bin_.points:+d} |" in text


def test_no_bin_of_the_card_that_is_shipped_has_more_points_than_one_with_fewer_defaults():
    against = [
        (feature.name, more.label, fewer.label)
        for feature in CARD.features
        for more in feature.bins
        for fewer in feature.bins
        if more.rows and fewer.rows and more.points > fewer.points and more.bads * fewer.rows > fewer.bads * more.rows
    ]
    assert against == []
