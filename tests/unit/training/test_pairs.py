"""Pairs of features: found where they are, absent where they are not, in promised order, as small as their evidence."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from tests.paired_card import NAMES, WAYS, fitted, world
from village_credit.training.blend import Rows
from village_credit.training.estimator import ScorecardClassifier
from village_credit.training.fine import make_fine
from village_credit.training.ordered import Side, ordered_cells, own_steps, surest
from village_credit.training.pairs import LEAST_ROWS, _Cut, _whole, apart
from village_credit.training.points import Binned


def names_of(model: ScorecardClassifier) -> list[tuple[str, str]]:
    return [(NAMES[pair.first], NAMES[pair.second]) for pair in model.pairs_]


def test_what_two_features_say_together_is_found_and_foretells_rows_unseen():
    model = fitted()
    assert names_of(model)[0] == ("wet", "warm")
    unseen, bad = world(8000, seed=2)
    frame, labels = world()
    alone = ScorecardClassifier(monotone=WAYS, pairs=0).fit(frame, labels)
    assert alone.pairs_ == []
    ours, theirs = (log_loss(bad, one.predict_proba(unseen)[:, 1]) for one in (model, alone))
    assert ours < theirs - 0.01


@pytest.mark.parametrize("seed", range(4))
def test_where_features_only_add_up_there_is_no_pair(seed: int):
    chance = np.random.default_rng(seed)
    values = chance.normal(size=(4000, 6))
    odds = -2.0 + values[:, 0] - 0.7 * values[:, 1] + 0.4 * np.abs(values[:, 2])
    bad = (chance.random(4000) < 1 / (1 + np.exp(-odds))).astype(int)
    assert ScorecardClassifier(bags=4).fit(values, bad).pairs_ == []


def test_few_rows_have_no_pair_however_strong_it_is():
    frame, bad = world(1900, strength=4.0)
    assert ScorecardClassifier(bags=4).fit(frame, bad).pairs_ == []
    frame, bad = world(3500, strength=4.0)
    assert ScorecardClassifier(bags=4).fit(frame, bad).pairs_ != []


def test_a_pair_is_small_its_cells_have_rows_and_features_keep_few_bins():
    model = fitted()
    for pair in model.pairs_:
        assert max(pair.points.shape) <= 4
        assert pair.rows.sum() <= 5000
        free = not {NAMES[pair.first], NAMES[pair.second]} & {*WAYS}
        assert not free or not pair.points[pair.rows < LEAST_ROWS].any()
        for place, groups in ((pair.first, pair.first_groups), (pair.second, pair.second_groups)):
            table = model.table_[place]
            assert groups[-1] == -1 or (groups == groups[-1]).sum() == 1  # what is missing is alone
            assert (np.diff(groups[: table.ordinary]) >= 0).all()
    assert all(table.bins_in_use <= 8 for table in model.table_)


def test_a_better_value_never_loses_points_pairs_included():
    model = fitted()
    assert any({NAMES[p.first], NAMES[p.second]} & {*WAYS} for p in model.pairs_), (
        "the world has lost its directed pair"
    )
    grid = np.linspace(-3, 3, 41)
    others, _ = world(300, seed=3)
    for name, way in WAYS.items():
        scores = np.array([model.score_points(others.assign(**{name: value})) for value in grid])
        assert (np.diff(scores, axis=0) * way <= 0).all()
        best = scores.max(axis=0)
        assert (model.score_points(others.assign(**{name: np.nan})) <= best).all()


def test_training_twice_gives_the_same_pairs():
    frame, bad = world()
    again = ScorecardClassifier(monotone=WAYS).fit(frame, bad)
    assert names_of(again) == names_of(fitted())
    for one, two in zip(again.pairs_, fitted().pairs_, strict=True):
        for name in ("first_groups", "second_groups", "points", "rows", "bads"):
            assert np.array_equal(getattr(one, name), getattr(two, name))


def test_words_special_and_missing_values_have_cells_of_their_own_and_what_is_new_adds_nothing():
    chance = np.random.default_rng(8)
    frame = pd.DataFrame({"word": chance.choice(["a", "b", "c"], 6000), "number": chance.normal(size=6000)})
    frame.loc[chance.random(6000) < 0.15, "number"] = -999.0
    is_special = frame["number"] == -999.0
    odds = -2.0 + 2.0 * ((frame["word"] == "a") == is_special)
    bad = (chance.random(6000) < 1 / (1 + np.exp(-odds))).astype(int)
    model = ScorecardClassifier(special_values={"number": [-999.0]}).fit(frame, bad)
    (pair,) = model.pairs_
    asked = pd.DataFrame({"word": ["a", "a", "b", "never", None], "number": [-999.0, 0.0, -999.0, -999.0, 0.0]})
    found = model.pair_points(asked)[:, 0]
    assert found[0] < 0 < found[1]
    assert found[2] > found[0]
    assert found[3] == 0 == found[4]
    assert model.pair_points(asked.assign(number=np.nan))[:, 0].tolist() == [0] * 5
    assert pair.points.shape[0] <= 4


def test_where_no_bin_may_contradict_another_only_one_that_is_alone_is_parted():
    frame, bad = world()
    model = ScorecardClassifier(monotone=WAYS, contradictions="merge").fit(frame, bad)
    assert ("wet", "warm") in names_of(model)
    for table in model.table_:
        rate, points = table.bads / np.maximum(table.rows, 1), table.points
        known = np.flatnonzero(table.rows[: table.ordinary] > 0)
        assert not any(points[a] > points[b] and rate[a] > rate[b] for a in known for b in known)


def test_effects_are_apart_from_what_either_side_says():
    chance = np.random.default_rng(0)
    grid, weight = chance.normal(size=(4, 3)), chance.random((4, 3)) + 0.1
    found = apart(grid, weight)
    assert np.abs((found * weight).sum(axis=0)).max() < 1e-6
    assert np.abs((found * weight).sum(axis=1)).max() < 1e-6
    assert np.allclose(apart(grid + np.arange(3) + np.arange(4)[:, None] * 2, weight), found, atol=1e-6)


def binned(points: list[int], way: int) -> Binned:
    """Return a feature with a bin a code: ordinary ones, and missing last."""
    count = len(points)
    values = np.arange(float(count - 1))
    feature = make_fine("x", np.append(values, np.nan), np.ones(count), is_category=False)
    ones = np.ones(count)
    return Binned(
        feature, way, False, np.arange(count, dtype=np.int32), ones, ones, ones, ones, ones > 0, np.array(points)
    )


@st.composite
def side(draw) -> Side:
    way = draw(st.sampled_from([-1, 0, 1]))
    count = draw(st.integers(2, 6))
    points = draw(st.lists(st.integers(-20, 20), min_size=count, max_size=count))
    points = sorted(points, reverse=way > 0) if way else points
    missing = min(0, *points) if way else min(draw(st.integers(-20, 20)), max(points))
    cuts = sorted(draw(st.sets(st.integers(1, count - 1), max_size=2)))
    groups = np.searchsorted(cuts, np.arange(count), side="right")
    table = binned([*points, missing], way)
    return Side(table, np.append(groups, groups.max() + 1).astype(np.int32), own_steps(table))


@settings(max_examples=150, deadline=None)
@given(side(), side(), st.data())
def test_whole_cells_keep_the_order_of_both_features_and_the_missing_earns_nothing(first, second, data):
    shape = int(first.groups.max()) + 1, int(second.groups.max()) + 1
    cell = st.floats(-30, 30, allow_nan=False)
    points = np.array(data.draw(st.lists(cell, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])))
    cells = ordered_cells(points.reshape(shape), np.full(shape, 100.0), (first, second))
    for one, grid in ((first, cells), (second, cells.T)):
        by_bin = grid[one.groups] + one.table.points[:, None]
        if one.table.way:
            assert (np.diff(by_bin[:-1], axis=0) * one.table.way <= 0).all()
            assert (surest(one, grid) * one.table.way <= 0).all()
            assert (grid[-1] <= 0).all()
        assert (by_bin[-1] <= by_bin[:-1].max(axis=0)).all()


@pytest.mark.parametrize("way", [-1, 1])
def test_pairs_that_share_a_directed_feature_leave_it_its_order_together(way: int):
    """Either pair alone may take all that the feature's own points rise; both together may not take it twice."""
    points = [way * 10, 0, way * -10, -20]
    tables = [binned(points, way), binned([0, 0, 0, 0], 0), binned([0, 0, 0, 0], 0)]
    parts = np.array([0, 1, 2, 3], np.int32)
    cuts = [_Cut(0, other, (parts, parts)) for other in (1, 2)]
    against = np.zeros((4, 4))
    against[0, 0], against[2, 0] = way * -25.0, way * 25.0
    codes = np.array(list(product(range(4), repeat=3)), dtype=np.int32)
    rows = Rows(codes, np.zeros(len(codes)), np.full(len(codes), 100.0))
    one, two = _whole(cuts, [against, against], tables, rows)
    assert one.points.any()
    total = np.array(points)[:3, None, None] + one.points[:3, :, None] + two.points[:3, None, :]
    assert (np.diff(total, axis=0) * way <= 0).all()


def test_cells_that_keep_the_order_already_are_only_rounded():
    first, second = (Side(binned([-9, 0, 9, -5], -1), np.array([0, 1, 2, 3], np.int32), np.array([9, 9])) for _ in "ab")
    points = np.array([[3.4, -2.6, 0.0, 0.0], [-2.6, 3.4, 0.0, 0.0], [0.2, 0.4, 4.6, 0.0], [0.0, 0.0, 0.0, 0.0]])
    assert ordered_cells(points, np.ones((4, 4)), (first, second)).tolist() == np.rint(points).tolist()
