"""The classifier: scikit-learn's own checks, bad input, whole points in few bins, directions kept, the same twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from village_credit.score.apply import bin_places
from village_credit.training.estimator import ScorecardClassifier
from village_credit.training.table import FeatureFacts, stored_points

FACTS = FeatureFacts("crop_word", "", (), "a crop", "作物", "free")


def loans(rows: int = 900, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    chance = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": np.where(chance.random(rows) < 0.1, np.nan, chance.lognormal(10, 0.5, rows)),
            "debt": chance.gamma(2.0, 0.3, rows),
            "crop": chance.choice(["cotton", "maize", "wheat", "walnut"], rows, p=[0.5, 0.3, 0.19, 0.01]),
            "code": chance.choice([-1.0, 0.0, 1.0, 2.0, 3.0], rows),
            "noise": chance.random(rows),
        }
    )
    odds = (
        -1.2
        - 0.8 * np.log(frame["income"].fillna(20000) / 20000)
        + 0.9 * frame["debt"]
        + 0.6 * (frame["crop"] == "cotton")
        + 0.7 * (frame["code"] == -1)
    )
    return frame, (chance.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_scikit_learn_s_own_checks_hold():
    # small bags: the checks fit some hundred times
    found = check_estimator(ScorecardClassifier(bags=2), on_skip=None, on_fail=None)
    assert [(one["check_name"], str(one["exception"])) for one in found if one["status"] == "failed"] == []
    assert sum(one["status"] == "passed" for one in found) > 30


def test_it_works_in_a_pipeline_and_in_cross_validation():
    frame, bad = loans()
    pipeline = make_pipeline(FunctionTransformer(lambda given: given), ScorecardClassifier(bags=2))
    assert cross_val_score(pipeline, frame, bad, cv=3, scoring="roc_auc").min() > 0.6


def test_points_are_whole_in_at_most_eight_bins_and_add_up_to_the_probability():
    frame, bad = loans()
    model = ScorecardClassifier(bags=2, special_values={"code": [-1.0]}).fit(frame, bad)
    assert all(table.bins_in_use <= 8 for table in model.table_)
    score = model.base_points_ + model.points(frame).sum(axis=1)
    by_hand = 1 / (1 + 20 * 2.0 ** ((score - 600) / 20))
    assert np.allclose(model.predict_proba(frame)[:, 1], by_hand)
    assert model.points(frame).dtype.kind == "i"
    assert abs(by_hand.mean() - bad.mean()) < 0.01


def test_a_special_value_and_a_missing_one_have_bins_of_their_own():
    frame, bad = loans(3000)
    model = ScorecardClassifier(bags=2, special_values={"code": [-1.0]}).fit(frame, bad)
    code, income = model.table_[3], model.table_[0]
    assert code.rows[code.ordinary] == (frame["code"] == -1.0).sum()
    assert code.points[code.ordinary] < code.points[: code.ordinary].min()  # it was made riskier than every other
    assert income.rows[-1] == frame["income"].isna().sum()


def test_a_rare_category_and_one_never_seen_share_a_bin():
    frame, bad = loans(3000)
    model = ScorecardClassifier(bags=2).fit(frame, bad)
    asked = frame.iloc[:3].assign(crop=["saffron", "liquorice", "cotton"])
    points = model.points(asked)[:, 2]
    assert points[0] == points[1]
    crop = model.table_[2]
    rare = (frame["crop"] == "walnut").mean() < 0.01
    assert ("walnut" not in (crop.fine.levels or ())) == rare
    assert (crop.fine.weight[crop.fine.ordinary - 1] > 0) == rare


@pytest.mark.parametrize("method", ["blend", "woe", "smooth", "boosted"])
def test_a_category_that_training_never_saw_gets_no_points_where_none_was_rare(method):
    word = np.array(["good", "bad"] * 400, dtype=object)
    is_bad = np.where(np.arange(800) % 20 == 0, word != "bad", word == "bad").astype(int)
    frame = pd.DataFrame({"word": word, "noise": np.arange(800) % 7})
    model = ScorecardClassifier(method=method, bags=2).fit(frame, is_bad)
    points = model.points(pd.DataFrame({"word": ["good", "bad", "neither"], "noise": 0}))[:, 0]
    assert points[0] > 0 > points[1]
    assert points[2] == 0
    stored = next(one for one in stored_points(model, [FACTS, FACTS]).features if one.is_category)
    words = pa.array(["good", "bad", "neither"])
    assert [stored.bins[place].points for place in bin_places(stored, words)] == points.tolist()


@pytest.mark.parametrize("way", [1, -1])
def test_points_move_only_the_way_that_was_promised(way):
    frame, bad = loans()
    numbers = frame[["debt", "noise"]]
    for method in ("woe", "smooth", "boosted", "blend"):
        model = ScorecardClassifier(method=method, monotone={"debt": way, "noise": way}, bags=2).fit(numbers, bad)
        for table in model.table_:
            steps = np.diff(table.points[table.groups[: table.fine.ordinary]])
            assert (steps * way <= 0).all(), method


def test_the_same_rows_give_the_same_table():
    frame, bad = loans()
    one, other = (ScorecardClassifier(bags=3).fit(frame, bad) for _ in range(2))
    assert np.array_equal(one.score_points(frame), other.score_points(frame))


def test_names_of_classes_do_not_matter():
    frame, bad = loans()
    one = ScorecardClassifier(bags=2).fit(frame, bad)
    other = ScorecardClassifier(bags=2).fit(frame, np.where(bad, "z default", "a repaid"))
    assert np.array_equal(one.score_points(frame), other.score_points(frame))
    assert set(other.predict(frame)) <= {"z default", "a repaid"}


def test_eight_bins_tell_bads_from_goods_better_than_five_bins_of_woe():
    frame, bad = loans(4000, seed=1)
    later, came = loans(4000, seed=2)
    ours = roc_auc_score(came, ScorecardClassifier().fit(frame, bad).decision_function(later))
    woe = roc_auc_score(came, ScorecardClassifier(method="woe", max_bins=5).fit(frame, bad).decision_function(later))
    assert ours > woe


# what should not come


def refused(frame, bad, words, **parameters):
    with pytest.raises(ValueError, match=words):
        ScorecardClassifier().fit(frame, bad, **parameters)


def test_one_class_only_is_refused():
    frame, _ = loans(100)
    refused(frame, np.zeros(100, int), "one class")


def test_infinity_is_refused_by_the_column_s_name():
    frame, bad = loans(100)
    refused(frame.assign(debt=np.where(bad, np.inf, frame["debt"])), bad, "debt contains infinity")


def test_weights_that_leave_no_row_are_refused_and_rows_of_weight_zero_say_nothing():
    frame, bad = loans(400)
    refused(frame, bad, "non-zero", sample_weight=np.zeros(400))
    half = np.arange(400) < 200
    weighed = ScorecardClassifier(bags=2).fit(frame, bad, sample_weight=half.astype(float))
    alone = ScorecardClassifier(bags=2).fit(frame[half], bad[half])
    assert np.array_equal(weighed.score_points(frame), alone.score_points(frame))


def test_three_classes_are_refused():
    frame, _ = loans(99)
    refused(frame, np.arange(99) % 3, "binary")


def test_an_unknown_method_is_refused():
    frame, bad = loans(99)
    with pytest.raises(ValueError, match="none of blend"):
        ScorecardClassifier(method="magic").fit(frame, bad)


def test_constant_and_wholly_missing_features_give_nobody_points():
    frame, bad = loans()
    ways = {"same": 1, "absent": -1}
    model = ScorecardClassifier(bags=2, monotone=ways).fit(frame.assign(same=7.0, absent=np.nan), bad)
    assert not model.points(frame.assign(same=7.0, absent=np.nan))[:, -2:].any()
    # a value that training never saw: the population's mean
    assert not model.points(frame.assign(same=9.0, absent=3.0))[:, -2:].any()


def test_separable_classes_keep_finite_points():
    frame, bad = loans(300)
    model = ScorecardClassifier(bags=2).fit(frame.assign(told=bad.astype(float)), bad)
    shown = model.predict_proba(frame.assign(told=bad.astype(float)))[:, 1]
    assert np.isfinite(shown).all()
    assert (shown > 0).all()
    assert roc_auc_score(bad, shown) > 0.99


def test_three_rows_are_fitted_without_bags():
    frame, _ = loans(3)
    model = ScorecardClassifier().fit(frame, np.array([0, 1, 0]))
    assert model.blend_.shares == {"smooth": 1.0}
    assert np.isfinite(model.predict_proba(frame)).all()


def test_a_bin_without_a_bad_has_a_probability_above_zero():
    frame, bad = loans()
    safe = frame["debt"] < 0.2
    model = ScorecardClassifier(bags=2).fit(frame, np.where(safe, 0, bad))
    assert (model.predict_proba(frame[safe])[:, 1] > 0).all()
