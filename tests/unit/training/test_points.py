"""Bins of whole points: fitted to each other, none against its neighbours, and the grid as fine as the data bear."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from village_credit.score.statistics import share_interval
from village_credit.training.estimator import ScorecardClassifier
from village_credit.training.fine import coarser_codes, finer, make_fine
from village_credit.training.points import against_effects, against_rates


def drawn(chance: np.random.Generator, odds: np.ndarray) -> np.ndarray:
    return (chance.random(len(odds)) < 1 / (1 + np.exp(-odds))).astype(int)


@pytest.mark.parametrize(("bads", "is_against"), [(49, False), (62, False), (90, True)])
def test_a_bin_with_more_points_may_have_more_defaults_as_far_as_its_interval_goes(bads, is_against):
    # 50 of 1,000 beside it: the interval of either holds the other's rate up to about 64 and 65
    rows, points = np.array([1000.0, 1000.0]), np.array([-2.0, 3.0])
    assert against_rates(points, rows, np.array([50.0, bads])).tolist() == [is_against]
    assert against_rates(points[::-1], rows, np.array([bads, 50.0])).tolist() == [is_against]
    assert (share_interval(bads, 1000)[0] > 0.05) == is_against


def test_fewer_points_with_more_defaults_and_equal_points_contradict_nobody():
    rows, bads = np.array([1000.0, 1000.0]), np.array([50.0, 200.0])
    assert not against_rates(np.array([3.0, -2.0]), rows, bads).any()
    assert not against_rates(np.array([3.0, 3.0]), rows, bads).any()


def test_an_empty_bin_contradicts_nobody():
    assert not against_rates(np.array([1.0, 5.0]), np.array([1000.0, 0.0]), np.array([50.0, 0.0])).any()


def test_effects_are_measured_in_standard_errors_of_their_difference():
    found = against_effects(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0]), np.array([0.3, 0.4, 0.4]))
    assert found == pytest.approx([2.0, -1 / np.sqrt(0.32)])


def confounded(rows: int = 6000) -> tuple[pd.DataFrame, np.ndarray]:
    """`told` makes good, and whoever has much of it had a bad `past`: alone it seems to make bad."""
    chance = np.random.default_rng(3)
    told = chance.random(rows)
    past = told + chance.normal(0, 0.15, rows)
    return pd.DataFrame({"told": told, "past": past}), drawn(chance, -2.5 - 3.0 * told + 5.0 * past - 1.0)


@pytest.mark.parametrize(("contradictions", "is_kept"), [("tell", True), ("merge", False)])
def test_what_other_features_explain_stays_where_it_is_told_and_goes_where_nothing_may_contradict(
    contradictions, is_kept
):
    frame, bad = confounded()
    model = ScorecardClassifier(bags=2, contradictions=contradictions).fit(frame, bad)
    tables = [(t.points[: t.ordinary], t.rows[: t.ordinary], t.bads[: t.ordinary]) for t in model.table_]
    assert any(against_rates(*one).any() for one in tables) == is_kept


@pytest.mark.parametrize("way", [0, 1, -1])
def test_with_nothing_to_contradict_no_bin_has_more_points_than_one_with_fewer_defaults(way):
    frame, bad = confounded(3000)
    frame["word"] = np.random.default_rng(0).choice(list("abcdefghij"), 3000)
    model = ScorecardClassifier(bags=2, contradictions="merge", monotone={"told": way, "past": way}).fit(frame, bad)
    for table in model.table_:
        rate, points = table.bads / np.maximum(table.rows, 1), table.points
        known = np.flatnonzero(table.rows[: table.ordinary] > 0)
        assert not any(points[a] > points[b] and rate[a] > rate[b] for a in known for b in known)
        if table.fine.is_ordered and way:
            assert (np.diff(points[known]) * way <= 0).all()


def test_neither_telling_nor_merging_is_refused():
    frame, bad = confounded(100)
    with pytest.raises(ValueError, match="neither tell nor merge"):
        ScorecardClassifier(contradictions="hide").fit(frame, bad)


def narrow(rows: int = 5000) -> tuple[pd.DataFrame, np.ndarray]:
    """Two ranges of `value`, of a hundredth of the rows each, hold most of the defaults."""
    chance = np.random.default_rng(5)
    value = chance.random(rows)
    is_in = (np.abs(value - 0.2) < 0.005) | (np.abs(value - 0.705) < 0.005)
    return pd.DataFrame({"value": value}), drawn(chance, np.where(is_in, 2.0, -3.0))


def test_a_finer_grid_is_taken_where_the_rows_left_out_lose_less_by_it():
    frame, bad = narrow()
    model = ScorecardClassifier(bags=2).fit(frame, bad)
    assert model.blend_.is_finer
    inside, outside = model.points(pd.DataFrame({"value": [0.2, 0.705, 0.45]}))[:, 0].reshape(3)[[0, 2]]
    assert inside < outside - 40
    assert model.table_[0].bins_in_use <= 8


def test_the_coarse_grid_stays_where_a_finer_one_says_nothing_more():
    chance = np.random.default_rng(6)
    value = chance.random(2000)
    model = ScorecardClassifier(bags=2).fit(pd.DataFrame({"value": value}), drawn(chance, 2 * value - 2))
    assert not model.blend_.is_finer
    assert model.table_[0].fine.ordinary <= 48


def test_each_fine_code_lies_in_one_coarse_code():
    chance = np.random.default_rng(7)
    values = np.where(chance.random(4000) < 0.1, np.nan, chance.lognormal(10, 1, 4000))
    values[:200] = -9.0
    coarse = make_fine("x", values, np.ones(4000), is_category=False, special=(-9.0,))
    fine = finer(coarse, values, np.ones(4000))
    assert set(coarse.edges) <= set(fine.edges)
    assert coarse.ordinary < fine.ordinary <= 255
    assert np.array_equal(coarser_codes(fine, coarse)[fine.codes(values)], coarse.codes(values))


def test_points_that_are_rounded_add_up_to_what_was_meant():
    chance = np.random.default_rng(8)
    frame = pd.DataFrame({f"f{n:02d}": chance.integers(0, 2, 4000) for n in range(12)})
    odds = -1 + 0.4 * frame.to_numpy() @ np.where(np.arange(12) % 2, 1, -1)
    bad = drawn(chance, odds)
    model = ScorecardClassifier(bags=2).fit(frame, bad)
    ours = model.decision_function(frame)
    assert np.corrcoef(ours, odds)[0, 1] > 0.97
    assert np.polyfit(ours, odds, 1)[0] == pytest.approx(1, abs=0.15)
