"""The parts of the fit, each against a second reckoning: edges, cuts, steps, trees read off, blends, figures."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad
from sklearn.ensemble import HistGradientBoostingClassifier

from village_credit.score.apply import sort_columns
from village_credit.score.statistics import share_interval, stability
from village_credit.training import boosted as boosted_module
from village_credit.training.blend import fit_line  # the fitting half is not needed to measure
from village_credit.training.boosted import _matrix, fit_boosted
from village_credit.training.fine import make_fine, roundest
from village_credit.training.merge import merge_steps
from village_credit.training.metrics import auc, interval, ks
from village_credit.training.smooth import SmoothFit
from village_credit.training.woe import best_cuts, find_evidence

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False)


@given(NUMBERS, NUMBERS)
@settings(max_examples=300, deadline=None)
def test_the_roundest_edge_lies_between(one, other):
    low, high = sorted((one, other))
    if low < high:
        assert low < roundest(low, high) <= high


@pytest.mark.parametrize(
    ("low", "high", "edge"),
    [
        (34, 35, 35),
        (0.0313, 0.0478, 0.04),
        (-3, 2, 0),
        (1234.2, 1239, 1239),
        (-0.5, -0.2, -0.2),
        (9810, 20300, 20000),
        (0, 1, 1),
        (-35, -34, -34),
        (88.1, 131, 100),
    ],
)
def test_the_roundest_edge_is_the_one_that_a_person_would_take(low, high, edge):
    assert roundest(low, high) == edge


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False), st.just(-1.0)), min_size=2, max_size=60))
@example([-2.0, -2.225073858507203e-309])
@example([5e-324, -5e-324, 1.0])
@settings(max_examples=100, deadline=None)
def test_every_value_has_one_code_and_codes_rise_with_values(values):
    column = np.array([np.nan if value is None else value for value in values])
    fine = make_fine("one", column, np.ones(len(column)), is_category=False, special=(-1.0,), ranges=8)
    codes = fine.codes(column)
    assert ((codes >= 0) & (codes < fine.size)).all()
    assert ((codes == fine.size - 1) == np.isnan(column)).all()
    assert ((codes == fine.ordinary) == (column == -1.0)).all()
    known = codes < fine.ordinary
    order = np.argsort(column[known], kind="stable")
    assert (np.diff(codes[known][order]) >= 0).all()
    assert fine.weight.sum() == len(column)


@given(st.lists(st.floats(-3, 3, allow_nan=False), min_size=1, max_size=7), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_cuts_lose_least_of_all_ways_to_cut(level, most):
    level = np.array(level)
    k = len(level)

    def lost(a, b):
        return float(((level[a:b] - level[a:b].mean()) ** 2).sum())

    loss = np.full((k, k), np.inf)
    for a in range(k):
        for b in range(a + 1, k + 1):
            loss[a, b - 1] = lost(a, b)

    def total(cuts):
        return sum(lost(a, b) for a, b in pairwise([0, *cuts, k]))

    ways = [cuts for runs in range(min(most, k)) for cuts in combinations(range(1, k), runs)]
    assert total(best_cuts(loss, most, 0.0)) == pytest.approx(min(total(cuts) for cuts in ways), abs=1e-9)


def rows(count=400, seed=0):
    chance = np.random.default_rng(seed)
    values = [chance.gamma(2, 1, count), np.where(chance.random(count) < 0.2, np.nan, chance.random(count))]
    words = chance.choice(["a", "b", "c"], count).astype(object)
    bad = (chance.random(count) < 1 / (1 + np.exp(1.5 - 0.6 * values[0] - (words == "a")))).astype(float)
    weight = np.ones(count)
    features = [make_fine(f"f{n}", column, weight, is_category=False, ranges=12) for n, column in enumerate(values)]
    features.append(make_fine("words", words, weight, is_category=True))
    codes = np.column_stack([f.codes(column) for f, column in zip(features, [*values, words], strict=True)])
    return codes, bad, weight, features


def test_the_smooth_loss_s_slope_is_its_slope():
    codes, bad, weight, features = rows(80)
    fit = SmoothFit(codes, bad, weight, features, [0, 0, 0])
    start = np.random.default_rng(1).normal(0, 0.3, len(fit.found))
    assert check_grad(lambda x: fit._loss(x, 2.0)[0], lambda x: fit._loss(x, 2.0)[1], start) < 1e-6


def test_a_stronger_penalty_leaves_smaller_steps():
    codes, bad, weight, features = rows()
    fit = SmoothFit(codes, bad, weight, features, [0, 0, 0])
    spread = [sum(float(np.ptp(v)) for v in fit.fit(strength).values) for strength in (0.01, 0.1, 1.0)]
    assert spread == sorted(spread)


def test_trees_of_one_feature_each_are_read_off_exactly():
    codes, bad, weight, features = rows()
    boosted = fit_boosted(codes, bad, weight, features, [1, 0, 0], seed=3)
    model = HistGradientBoostingClassifier(
        learning_rate=boosted_module.LEARNING_RATE,
        max_iter=boosted.rounds[-1],
        max_leaf_nodes=boosted_module.LEAVES,
        min_samples_leaf=boosted_module.MIN_LEAF,
        l2_regularization=boosted_module.L2,
        interaction_cst="no_interactions",
        categorical_features=[False, False, True],
        monotonic_cst=[1, 0, 0],
        early_stopping=False,
        random_state=3,
    ).fit(_matrix(codes, features), bad.astype(int))
    assert np.allclose(boosted.steps[-1].score(codes), model.decision_function(_matrix(codes, features)), atol=1e-9)


def test_merged_bins_keep_the_mean_and_special_ones_stay_apart():
    _, _, _, features = rows()
    fine = features[1]
    curvature = np.where(fine.weight > 0, fine.weight, 0.0)
    merged = merge_steps(fine, np.arange(fine.size, dtype=float), curvature, 4, price=0.0)
    assert len(set(merged.groups[: fine.ordinary].tolist())) <= 3  # one of the four is missing's
    whole = (curvature * np.arange(fine.size)).sum()
    assert (curvature * merged.values[merged.groups]).sum() == pytest.approx(whole)
    assert merged.groups[-1] not in merged.groups[:-1]


def test_evidence_is_of_the_bad_and_information_value_is_zero_where_nothing_is_told():
    codes, bad, weight, features = rows(2000)
    told = find_evidence(features[0], codes[:, 0], bad, weight, 1)
    assert (np.diff(told.woe[: features[0].ordinary]) >= 0).all()
    assert told.information_value > 0.1
    silent = find_evidence(features[1], codes[:, 1], np.tile([0.0, 1.0], 1000), weight, 0)
    assert silent.information_value < 0.05


def test_auc_and_ks_are_those_counted_pair_by_pair():
    chance = np.random.default_rng(0)
    bad, risk = chance.random(60) < 0.4, np.round(chance.random(60), 1)
    pairs = [(1.0 if b > g else 0.5 if b == g else 0.0) for b in risk[bad] for g in risk[~bad]]
    assert auc(bad, risk) == pytest.approx(np.mean(pairs))
    gaps = [abs((risk[bad] >= level).mean() - (risk[~bad] >= level).mean()) for level in np.unique(risk)]
    assert ks(bad, risk) == pytest.approx(max(gaps))
    assert np.isnan(auc(np.zeros(5, bool), np.arange(5.0)))


def test_an_interval_holds_its_figure_and_is_wider_by_villages_that_share_their_luck():
    chance = np.random.default_rng(1)
    village = np.repeat(np.arange(20), 50)
    risk = chance.random(1000)
    bad = chance.random(1000) < np.clip(0.1 + 0.5 * risk * (village % 2), 0, 1)
    by_rows, by_villages = interval(auc, bad, risk), interval(auc, bad, risk, village)
    assert by_rows[0] < auc(bad, risk) < by_rows[1]
    assert by_villages[1] - by_villages[0] > by_rows[1] - by_rows[0]


def test_known_figures():
    # Wilson's interval of 5 in 100 (Brown, Cai and DasGupta 2001, formula 4)
    low, high = share_interval(5, 100)
    assert (round(low, 4), round(high, 4)) == (0.0215, 0.1118)
    assert share_interval(0, 0) == (0.0, 1.0)
    assert stability(np.array([10.0, 20.0]), np.array([100.0, 200.0])) == pytest.approx(0, abs=1e-3)
    assert stability(np.array([500.0, 500.0]), np.array([900.0, 100.0])) > 0.25
    assert np.isnan(stability(np.zeros(3), np.ones(3)))


def test_a_line_of_a_score_that_says_nothing_is_the_population_s_rate():
    bad = np.tile([0.0, 0.0, 0.0, 1.0], 25)
    intercept, slope = fit_line(np.full(100, 2.0), bad, np.ones(100))
    assert intercept + slope * 2.0 == pytest.approx(np.log(1 / 3))


@given(st.integers(1, 20), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_the_network_sorts_any_number_of_features(count, seed):
    keys = np.random.default_rng(seed).integers(-5, 6, (count, 40)).astype(np.int16)
    expected = np.sort(keys, axis=0)
    sort_columns(keys)
    assert np.array_equal(keys, expected)
