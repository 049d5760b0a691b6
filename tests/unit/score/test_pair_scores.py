"""A card with pairs is scored as its page is added up, tells true reasons, and is refused where it is unsound."""

from __future__ import annotations

import copy
import json
from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from tests.card_page import read_page, score_of
from tests.paired_card import fitted, paired_card, world
from village_credit.errors import ModelRefused
from village_credit.report.account_tables import Refs, points_table
from village_credit.report.model_page import points_page
from village_credit.report.translations import in_language
from village_credit.score.apply import score, score_columns
from village_credit.score.card import card_text
from village_credit.score.edges import bins_at, edges, points_with
from village_credit.score.scorecard import Scorecard, card_json, content_hash, read_scorecard
from village_credit.tables.drift import drift
from village_credit.tables.what_helps import scores_of

EDGES_PPM = [20_000, 50_000, 100_000, 150_000]


def features_of(rows: int, seed: int = 5) -> pa.Table:
    frame, _ = world(rows, seed=seed)
    chance = np.random.default_rng(seed)
    for feature in paired_card().features:  # often on an edge, or a hair below it
        below = [bin_.below for bin_ in feature.ranges if bin_.below is not None]
        if below:
            at = chance.random(rows) < 0.4
            frame.loc[at, feature.name] = chance.choice(below, at.sum()) + chance.choice([0.0, -1e-9], at.sum())
    columns = {name: pa.array(frame[name].to_numpy(), from_pandas=True) for name in frame}
    return pa.table({"unit_code": [f"u{n:05d}" for n in range(rows)], **columns})


def test_a_thousand_scores_and_probabilities_are_added_up_from_the_page():
    card, given = paired_card(), features_of(1000)
    page = read_page(points_page(card))
    assert len(page.grids) == len(card.pairs) >= 2
    per_million = {int(level): int(ppm) for level, ppm in page.levels}
    scored = score(given, card).scores.to_pylist()
    for row, found in zip(given.to_pylist(), scored, strict=True):
        assert score_of(page, row) == found["points"]
        assert per_million[found["points"]] == found["default_probability_ppm"]


def test_the_card_scores_as_the_model_that_was_trained():
    given = features_of(2000)
    kernel = score_columns([given.column(feature.name) for feature in paired_card().features], paired_card())
    assert kernel.paired.any(axis=1).all()
    frame = given.drop_columns("unit_code").to_pandas()
    assert kernel.total.tolist() == fitted().score_points(frame).tolist()


def test_a_household_s_rows_add_up_pairs_among_them():
    given, card = features_of(500), paired_card()
    scored = score(given, card)
    rows = scored.points.to_pylist()
    count = len(card.features) + len(card.pairs)
    totals = dict(zip(*(scored.scores.column(name).to_pylist() for name in ("unit_code", "points")), strict=True))
    sums: dict[str, int] = dict.fromkeys(totals, card.base_points)
    for row in rows:
        sums[row["unit_code"]] += row["points"]
    assert sums == totals
    ranks = {unit: sorted(row["rank"] for row in rows if row["unit_code"] == unit) for unit in ("u00000", "u00499")}
    assert all(found == list(range(1, count + 1)) for found in ranks.values())
    of_pairs = [row for row in rows if "×" in row["feature"]]
    assert len(of_pairs) == 500 * len(card.pairs)
    assert all(row["value"] is None and row["points_lost"] == 0 and row["reason_zh"] is None for row in of_pairs)


def test_points_lost_are_what_the_feature_alone_at_its_best_would_add():
    given, card = features_of(400), paired_card()
    kernel = score_columns([given.column(feature.name) for feature in card.features], card)
    lost = kernel.lost()
    middles = {}
    for feature in card.features:  # a value in each bin
        below = [bin_.below for bin_ in feature.ranges if bin_.below is not None]
        middles[feature.name] = [*(edge - 1e-9 for edge in below), (below or [0.0])[-1] + 1e-9, None]
    for place, feature in enumerate(card.features):
        totals = []
        for value in middles[feature.name]:
            moved = given.set_column(
                given.column_names.index(feature.name), feature.name, pa.array([value] * 400, pa.float64())
            )
            totals.append(score_columns([moved.column(one.name) for one in card.features], card).total)
        assert (np.max(totals, axis=0) - kernel.total).tolist() == lost[place].tolist()
    keys = lost.astype(int) * 100 - np.arange(len(lost))[:, None]
    assert np.array_equal(kernel.ranking(), np.argsort(-keys, axis=0))


def test_every_reason_told_is_true():
    given, card = features_of(3000), paired_card()
    scored = score(given, card, EDGES_PPM)
    totals = dict(zip(*(scored.scores.column(name).to_pylist() for name in ("unit_code", "points")), strict=True))

    def band(total: int) -> int:
        return sum(card.probability.ppm[total - card.probability.from_points] >= edge for edge in EDGES_PPM)

    told = 0
    for row in scored.points.to_pylist():
        total = totals[row["unit_code"]]
        is_true = row["points_lost"] > 0 and band(total + row["points_lost"]) < band(total)
        assert (row["reason_zh"] is not None) == (is_true and row["rank"] <= 4)
        told += row["reason_zh"] is not None
    assert told > 1000


def test_another_bin_s_points_come_with_the_pairs_it_is_in():
    given, card = features_of(300), paired_card()
    scores = scores_of(score(given, card).points, card)
    for feature in card.features:
        for edge in edges(feature):
            value = edge.value - (1e-9 if edge.is_below else 0.0)
            moved = given.set_column(
                given.column_names.index(feature.name), feature.name, pa.array([value] * 300, pa.float64())
            )
            expected = score(moved, card).scores.column("points").to_pylist()
            found = scores.totals_with(np.arange(300), feature.name, np.full(300, edge.place))
            assert found.tolist() == expected
    bins = {one.name: bins_at(one, np.zeros(1)) for one in card.features}
    assert points_with(card, "wet", bins["wet"], bins).shape == (1,)


def test_a_pair_is_in_the_page_the_card_and_the_account():
    card = paired_card()
    text = card_text(card)
    assert f"## {card.pairs[0].first} × {card.pairs[0].second}" in text
    cell = card.pairs[0].cells[0][0]
    assert f"{cell.points:+d} ({cell.rows:,}; {cell.bads / cell.rows:.1%})" in text
    rows = [row for row in score(features_of(5), card).points.to_pylist() if row["unit_code"] == "u00000"]
    shown = points_table(rows, Refs(None)).rows
    assert len(shown) == len(card.features) + len(card.pairs)
    assert "×" in in_language(shown[-1].cells[0].text, "en")
    drifted = drift(score(features_of(200), card).points, None, card)
    assert drifted.column("feature").to_pylist() == ["score", *(feature.name for feature in card.features)]


def test_a_card_without_pairs_has_the_hash_that_it_was_signed_with():
    card = paired_card()
    alone = card.model_copy(update={"pairs": []})
    assert "pairs" not in json.loads(card_json(alone))
    assert content_hash(alone) != content_hash(card)
    stored = card_json(card.model_copy(update={"content_sha256": content_hash(card)}))
    assert read_scorecard(stored).pairs == card.pairs


def spoilt(how) -> str:
    content = json.loads(card_json(paired_card()))
    how(content, content["pairs"][0])
    return json.dumps(content)


def against_order(content, _):
    """Let a pair's cells undo what a directed feature promises."""
    names = {feature["name"]: feature for feature in content["features"]}
    pair = next(pair for pair in content["pairs"] if names[pair["first"]]["direction"] != "free")
    way = {"falls": 1, "rises": -1}[names[pair["first"]]["direction"]]
    for place, row in enumerate(pair["cells"]):
        row[0]["points"] = -way * 100 * place


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda _, pair: pair.update(second=pair["first"]), "a pair has two features"),
        (lambda _, pair: pair["cells"].pop(), "a cell for every two"),
        (lambda _, pair: pair["first_groups"][0].append(pair["first_groups"][1][0]), "in one group of a pair"),
        (lambda _, pair: pair["first_groups"][0].append(99), "a pair's groups are runs"),
        (lambda _, pair: pair.update(second="nobody"), "names a feature that the scorecard lacks"),
        (lambda _, pair: pair.update(first=pair["second"], second=pair["first"]), "in the scorecard's order"),
        (lambda card, pair: card["pairs"].append(copy.deepcopy(pair)), "named twice"),
        (lambda card, pair: card.update(pairs=[pair] * 4), "at most 3 items"),
        (against_order, "against the direction"),
    ],
)
def test_an_unsound_pair_is_refused(how, said):
    with pytest.raises(ModelRefused, match=said):
        read_scorecard(spoilt(how))


def test_groups_that_part_a_run_or_hold_the_missing_with_others_are_refused():
    card: Scorecard = paired_card()
    sizes = {feature.name: len(feature.bins) for feature in card.features}
    pair = next(pair for pair in card.pairs if [sizes[pair.first]] in pair.first_groups and len(pair.first_groups) > 2)
    at = card.pairs.index(pair)

    def swap(content, _):
        groups = content["pairs"][at]["first_groups"]
        groups[0], groups[1] = groups[1], groups[0]

    def join(content, _):
        found = content["pairs"][at]
        found["first_groups"][0] += found["first_groups"].pop()
        found["cells"].pop()

    for how in (swap, join):
        with pytest.raises(ModelRefused, match="a pair's groups are runs"):
            read_scorecard(spoilt(how))


def test_features_have_the_bins_that_pairs_part():
    card = paired_card()
    for pair, feature in product(card.pairs, card.features):
        groups = {pair.first: pair.first_groups, pair.second: pair.second_groups}.get(feature.name, [])
        assert all(place <= len(feature.bins) for group in groups for place in group)
        assert sum(bin_.rows for bin_ in feature.bins) + feature.missing.rows == 5000
