"""What columns of any type hold: numbers, categories, special values, and what is missing, in every way of training."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from village_credit.score.apply import bin_places
from village_credit.training.columns import column_of
from village_credit.training.estimator import ScorecardClassifier
from village_credit.training.fine import is_blank
from village_credit.training.table import FeatureFacts, stored_points

METHODS = ("blend", "woe", "smooth", "boosted")
FACTS = FeatureFacts("code", "", (), "a code", "代码", "free")


def codes(rows: int = 600) -> tuple[pd.Series, pd.Series, np.ndarray]:
    """A text code that tells, a tenth of it missing; a number that does not; and what came of it."""
    chance = np.random.default_rng(0)
    code = chance.choice(["01", "02", "10"], rows)
    bad = (chance.random(rows) < np.where(code == "01", 0.6, 0.2)).astype(int)
    is_missing = chance.random(rows) < 0.1
    return pd.Series(code).mask(is_missing), pd.Series(chance.random(rows)), bad


@pytest.mark.parametrize("value", [None, np.nan, pd.NA, pd.NaT, Decimal("NaN"), "nan", "None", "<NA>", "NaT", "", " "])
def test_whatever_stands_for_a_missing_word_is_missing(value):
    assert is_blank(value)


@pytest.mark.parametrize("value", ["01", "no", "0", 0, False, "NA"])
def test_a_word_is_not_missing(value):
    assert not is_blank(value)


AS = {
    "object": lambda one: one.astype(object),
    "str": lambda one: one.astype(str),  # writes nan
    "category": lambda one: one.astype("category"),
    "string": lambda one: one.astype("string"),  # pandas' own NA
    "None": lambda one: one.astype(object).where(one.notna(), None),
    "arrow": lambda one: one.astype(pd.ArrowDtype(pa.string())),
}


@pytest.mark.parametrize("kind", AS)
def test_text_codes_are_the_same_categories_in_every_type_of_column(kind):
    code, number, bad = codes()
    plain = ScorecardClassifier(bags=2).fit(pd.DataFrame({"code": code, "number": number}), bad)
    given = pd.DataFrame({"code": AS[kind](code), "number": number})
    model = ScorecardClassifier(bags=2).fit(given, bad)
    assert model.table_[0].fine.levels == ("01", "02", "10")
    assert np.array_equal(model.points(given), plain.points(given))
    asked = pd.DataFrame({"code": pd.Series(["1", "10", 1], dtype=object), "number": 0.5})
    points = model.points(asked)[:, 0]
    assert points[0] == points[2] == 0  # neither text nor number is the code 01
    assert points[1] != 0


def test_an_array_of_text_is_of_categories_and_one_of_numbers_is_not():
    code, _, bad = codes()
    known = code.notna().to_numpy()
    for text in (code[known].to_numpy(dtype=str)[:, None], code[known].to_numpy(dtype=object)[:, None]):
        assert ScorecardClassifier(bags=2).fit(text, bad[known]).table_[0].fine.levels == ("01", "02", "10")
    numbers = np.arange(len(bad), dtype=object)[:, None]
    assert ScorecardClassifier(bags=2).fit(numbers, bad).table_[0].fine.levels is None


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "object", "float64[pyarrow]"])
def test_numbers_are_numbers_in_every_type_of_column(dtype):
    given = pd.Series([1.0, None, 3.0]).astype(dtype)
    found = column_of(given, "x")
    assert found.dtype == np.float64
    assert np.array_equal(found, [1.0, np.nan, 3.0], equal_nan=True)


def test_decimals_and_whole_numbers_among_objects_are_numbers_and_one_word_makes_categories_of_them():
    assert column_of(pd.Series([Decimal("1.5"), 2, None], dtype=object), "x")[0] == 1.5
    assert column_of(pd.Series([1, 2, "three"], dtype=object), "x").dtype == object
    with pytest.raises(ValueError, match="x contains infinity"):
        column_of(pd.Series([1.0, np.inf], dtype=object), "x")


def test_text_where_training_had_numbers_is_refused_and_nothing_at_all_is_missing():
    _, number, bad = codes()
    model = ScorecardClassifier(bags=2).fit(pd.DataFrame({"number": number}), bad)
    with pytest.raises(ValueError, match="number holds text"):
        model.predict_proba(pd.DataFrame({"number": ["0.5"]}))
    missing = pd.DataFrame({"number": pd.Series([None, "nan"], dtype=object)})
    assert not model.points(missing).any()  # training had none missing


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("way", [1, 0])
def test_special_missing_and_unseen_values_are_as_documented_in_every_way_of_training(method, way):
    chance = np.random.default_rng(1)
    value = chance.choice([-1.0, 1.0, 2.0, 3.0], 800)
    bad = (chance.random(800) < np.select([value == -1, value == 3], [0.7, 0.4], 0.1)).astype(int)
    model = ScorecardClassifier(
        method=method, bags=2, monotone={"value": way}, special_values={"value": [-1.0, -9.0]}
    ).fit(pd.DataFrame({"value": value, "noise": chance.random(800)}), bad)
    points = model.points(pd.DataFrame({"value": [-1.0, 1.0, 3.0, -9.0, np.nan], "noise": 0.5}))[:, 0]
    assert points[0] < points[2] < points[1]  # the special value is the worst, though it is the smallest number
    assert points[3] == points[4] == 0  # training saw neither


@pytest.mark.parametrize("method", METHODS)
def test_what_is_unknown_is_not_good_where_the_good_way_is_known(method):
    chance = np.random.default_rng(2)
    days = np.where(chance.random(1200) < 0.5, np.nan, chance.integers(0, 60, 1200))
    bad = (chance.random(1200) < np.where(np.isnan(days), 0.05, 0.1 + days / 100)).astype(int)
    frame = pd.DataFrame({"days": days})
    free, directed = (
        ScorecardClassifier(method=method, bags=2, monotone={"days": way}).fit(frame, bad) for way in (0, 1)
    )
    asked = pd.DataFrame({"days": [np.nan, 0.0]})
    assert free.points(asked)[0, 0] <= free.points(asked)[1, 0]  # never better than the best that is known
    assert directed.points(asked)[0, 0] <= min(0, directed.points(asked)[1, 0])


@pytest.mark.parametrize("method", METHODS)
def test_a_few_rare_words_say_nothing_of_words_never_seen(method):
    code, number, bad = codes()
    code[:5], bad[:5] = ["a", "b", "c", "d", "e"], 1  # five words, five defaults: the worst bin by far
    model = ScorecardClassifier(method=method, bags=2).fit(pd.DataFrame({"code": code, "number": number}), bad)
    assert not model.points(pd.DataFrame({"code": ["a", "never"], "number": 0.5}))[:, 0].any() or (
        model.table_[0].fine.weight[3] >= 0.005 * len(bad)
    )


def test_the_stored_scorecard_takes_words_as_training_did():
    code, number, bad = codes()
    model = ScorecardClassifier(bags=2).fit(pd.DataFrame({"code": code, "number": number}), bad)
    stored = next(one for one in stored_points(model, [FACTS, FACTS]).features if one.is_category)
    words = ["01", "02", "10", "1", "nan", "None", "", None]
    points = model.points(pd.DataFrame({"code": pd.Series(words, dtype=object), "number": 0.5}))[:, 0]
    given = [*(bin_.points for bin_ in stored.bins), stored.missing.points]
    for column in (pa.array(words), pa.array(words).dictionary_encode()):
        assert [given[place] for place in bin_places(stored, column)] == points.tolist()
