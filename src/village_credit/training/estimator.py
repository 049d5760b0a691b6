"""A scorecard as a scikit-learn classifier: whole points in few bins, and the default probability of their sum.

`ScorecardClassifier` fits, on bags of rows, supervised bins with weight of evidence and logistic regression (`woe`),
steps whose increments are shrunk (`smooth`), and boosted trees of one feature each (`boosted`); blends them by what
the rows left out of the bags say; merges the sum into few bins by the least loss; and scales it to whole points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from village_credit.score.statistics import Floats
from village_credit.training.blend import METHODS, Plan, Rows, fit_blend
from village_credit.training.columns import as_trained, column_of, objects_or_numbers
from village_credit.training.fine import Codes, Fine, finer, make_fine
from village_credit.training.pairs import fit_pairs
from village_credit.training.points import MERGED, TOLD, Sample, fit_points
from village_credit.training.smooth import Steps

MAX_BINS = 8
MAX_PAIRS = 3
POINTS_TO_DOUBLE_ODDS = 20
ANCHOR_POINTS = 600  # at these points the odds are ANCHOR_ODDS good to one bad
ANCHOR_ODDS = 20.0
BAGS = 6
BAGS_OF_MANY, MANY = 4, 20_000  # rows from which fewer bags say as much


@dataclass(frozen=True)
class FeatureTable:
    """One feature's bins: `groups` gives each fine code's bin.

    By bin: whole points, and training rows and bads by weight.

    Bins are ordinary ones in order, then special values, then missing.
    """

    fine: Fine
    groups: Codes
    points: NDArray[np.int64]
    rows: Floats
    bads: Floats

    @property
    def ordinary(self) -> int:
        """How many bins ordinary values have."""
        return len(self.points) - len(self.fine.special) - 1

    @property
    def bins_in_use(self) -> int:
        """How many bins training rows fell into; what a committee reads."""
        return int((self.rows > 0).sum())

    def bins_of(self, values: NDArray[Any]) -> Codes:
        """Return each value's bin; shape (rows,)."""
        found: Codes = self.groups[self.fine.codes(values)]
        return found

    def points_of(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Return each value's points; shape (rows,)."""
        found: NDArray[np.int64] = self.points[self.bins_of(values)]
        return found


class ScorecardClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Fit a points table; the second of the two sorted classes is the bad one.

    Parameters
    ----------
    method : "blend", "woe", "smooth" or "boosted"; with fewer than 20 rows of a class, "smooth" stands in for a blend.
    max_bins : bins a feature may have, those of special and missing values among them.
    monotone : per feature 1 (the probability may only rise with the value), -1 (only fall) or 0; by name or in order.
    categorical : names or places of features whose values are categories; "auto": columns that hold other things than
    numbers, of whatever type. Text is never a number, whatever it says ("01").
    special_values : feature name or place → numbers that have a bin of their own.
    points_to_double_odds : points more that double the odds of good to bad.
    bags : samples of rows that are fitted; the rows left out choose; "auto": 6, and 4 from 20,000 rows.
    contradictions : "tell": neighbouring bins whose defaults speak against their points beyond the 95% interval are
    one, unless the other features explain it; "merge": no bin has more points than another with fewer defaults.
    pairs : how many pairs of features may have a small grid of their own (see `pairs.py`); 0: none.
    random_state : whole number; the same one gives the same table.

    Missing values (NaN, None, pandas' NA and NaT, and the words that other types write for them) have a bin of their
    own where training has any, else the population's mean, 0 points; where `monotone` says which way is good, what is
    unknown is not good, and earns nothing. A category that training never saw falls to the bin of rare ones, and gets 0
    points where these were too few to say anything; a special value that training never saw gets 0. Infinite values,
    text where training had numbers, one class only, and weights that leave no row are refused.

    Attributes
    ----------
    table_ : list of FeatureTable, one a feature; pairs_ : list of Pair, which may be empty; base_points_ : whole
    points of everyone; blend_ : shares and tunings.

    """

    def __init__(
        self,
        *,
        method: str = "blend",
        max_bins: int = MAX_BINS,
        monotone: Any = None,
        categorical: Any = "auto",
        special_values: Any = None,
        points_to_double_odds: int = POINTS_TO_DOUBLE_ODDS,
        bags: Any = "auto",
        contradictions: str = TOLD,
        pairs: int = MAX_PAIRS,
        random_state: int = 0,
    ) -> None:
        """Keep the parameters; `fit` looks at them."""
        self.method = method
        self.max_bins = max_bins
        self.monotone = monotone
        self.categorical = categorical
        self.special_values = special_values
        self.points_to_double_odds = points_to_double_odds
        self.bags = bags
        self.contradictions = contradictions
        self.pairs = pairs
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Two classes; missing values are welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's words
        """Fit the table; X (rows, features), y (rows,) of two classes, sample_weight (rows,) or none.

        Whole weights are how many rows one stands for; others are made to sum to as many rows as there are.
        """
        y = column_or_1d(y, warn=True)
        columns, names = self._columns(X, y, reset=True)
        check_classification_targets(y)
        count = len(columns[0])
        weight = _check_sample_weight(sample_weight, np.empty((count, 0)), dtype=np.float64, ensure_non_negative=True)
        kept = weight > 0
        is_bad = self._labels(y, kept)
        plan, codes = self._plan([column[kept] for column in columns], names, _as_rows(weight[kept]))
        rows = Rows(codes, is_bad, _as_rows(weight[kept]))
        blended = fit_blend(rows, plan)
        self.blend_ = blended.blend
        if self.blend_.is_finer:
            self._scale(rows, plan.finer, plan.directions, blended.left_out)
        else:
            self._scale(plan.coarsened(rows), plan.features, plan.directions, blended.left_out)
        return self

    def _labels(self, y: Any, kept: NDArray[np.bool_]) -> Floats:
        """Name the classes, and say of each row that weighs anything whether it is bad; raises ValueError."""
        self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError(
                f"Only binary classification is supported. The type of the target is multiclass "
                f"({len(self.classes_)} classes)."
            )
        if len(np.unique(labels[kept])) < 2:
            raise ValueError(
                "a scorecard needs rows of both classes; this target has one class (of rows that weigh anything)"
            )
        found: Floats = labels[kept].astype(np.float64)
        return found

    def _plan(self, columns: list[NDArray[Any]], names: list[str], weight: Floats) -> tuple[Plan, Codes]:
        """Look at the parameters and find both grids; with it come the rows' codes on the finer one."""
        if self.contradictions not in {TOLD, MERGED}:
            raise ValueError(f"contradictions {self.contradictions!r} is neither {TOLD} nor {MERGED}")
        methods = METHODS if self.method == "blend" else (self.method,)
        if not set(methods) <= set(METHODS):
            raise ValueError(f"method {self.method!r} is none of blend, {', '.join(METHODS)}")
        chosen = _chosen(self.categorical, names, columns)
        special = _by_place(self.special_values, names, ())
        ways = [int(way) for way in _by_place(self.monotone, names, 0)]
        features = [
            make_fine(name, column, weight, is_category=place in chosen, special=special[place])
            for place, (name, column) in enumerate(zip(names, columns, strict=True))
        ]
        narrow = [finer(f, c, weight) for f, c in zip(features, columns, strict=True)]
        codes = np.column_stack([f.codes(c) for f, c in zip(narrow, columns, strict=True)])
        return Plan(features, narrow, ways, methods, self._bags(len(codes)), self.random_state), codes

    def _bags(self, rows: int) -> int:
        return (BAGS_OF_MANY if rows >= MANY else BAGS) if self.bags == "auto" else int(self.bags)

    def _scale(self, rows: Rows, features: Sequence[Fine], ways: Sequence[int], left_out: Floats) -> None:
        """Merge every feature's steps into whole points, find pairs, and put the population at its own rate."""
        blend = self.blend_
        odds = blend.intercept + blend.slope * blend.steps.score(rows.codes)
        p = 1 / (1 + np.exp(-odds))
        points_per_odds = self.points_to_double_odds / np.log(2)
        bend = rows.weight * np.maximum(p * (1 - p), 1e-6) / points_per_odds**2
        sample = Sample(rows.codes, rows.is_bad, rows.weight, bend, points_per_odds)
        steps = Steps(0.0, [-blend.slope * points_per_odds * values for values in blend.steps.values])
        found = fit_points(sample, steps, features, ways, self.max_bins, self.contradictions)
        limits = self.pairs, self.max_bins
        found, self.pairs_ = fit_pairs(rows, left_out, found, limits, points_per_odds, self.random_state)
        self.table_ = [
            FeatureTable(one.feature, one.groups, one.points.astype(np.int64), one.rows, one.bads) for one in found
        ]
        bins = [table.groups[rows.codes[:, at]] for at, table in enumerate(self.table_)]
        parts = [table.points[at] for table, at in zip(self.table_, bins, strict=True)]
        total = np.sum([*parts, *(pair.points_of(bins[pair.first], bins[pair.second]) for pair in self.pairs_)], axis=0)
        self.base_points_ = _base(total, rows.is_bad, rows.weight, self.points_to_double_odds)

    def points(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Return every feature's points; shape (rows, features)."""
        check_is_fitted(self)
        columns, _ = self._columns(X, reset=False)
        return np.column_stack([t.points_of(c) for t, c in zip(self.table_, columns, strict=True)])

    def pair_points(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Return what every pair adds to its two features' points; shape (rows, pairs)."""
        check_is_fitted(self)
        columns, _ = self._columns(X, reset=False)
        found = np.zeros((len(columns[0]), len(self.pairs_)), dtype=np.int64)
        for place, pair in enumerate(self.pairs_):
            bins = (self.table_[at].bins_of(columns[at]) for at in (pair.first, pair.second))
            found[:, place] = pair.points_of(*bins)
        return found

    def score_points(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Return each row's score: the base and the points of its features and pairs; shape (rows,)."""
        total = self.points(X).sum(axis=1) + self.pair_points(X).sum(axis=1)
        found: NDArray[np.int64] = total + self.base_points_
        return found

    def decision_function(self, X: Any) -> Floats:  # noqa: N803
        """Return the log odds of the bad class; shape (rows,)."""
        return -log_odds_of_good(self.score_points(X), self.points_to_double_odds)

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """Return the probabilities of both classes; shape (rows, 2)."""
        bad = 1 / (1 + np.exp(-self.decision_function(X)))
        return np.column_stack([1 - bad, bad])

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the likelier class; shape (rows,)."""
        bad = self.decision_function(X) > 0
        found: NDArray[Any] = self.classes_[bad.astype(int)]
        return found

    def _columns(self, X: Any, y: Any = "no_validation", *, reset: bool) -> tuple[list[NDArray[Any]], list[str]]:  # noqa: N803  # scikit-learn's words
        """Split rows into columns: numbers with NaN for missing, or objects; infinite numbers are refused."""
        if hasattr(X, "columns"):
            validate_data(self, X, y, reset=reset, skip_check_array=True)
            check_consistent_length(X, None if isinstance(y, str) else y)
            names = [str(name) for name in X.columns]
            columns = [column_of(X[name], str(name)) for name in X.columns]
        else:
            columns = self._unnamed(X, y, reset=reset)
            names = [f"x{place}" for place in range(len(columns))]
        if not columns or len(columns[0]) == 0:
            raise ValueError(
                f"Found array with {len(X)} sample(s) and {len(columns)} feature(s); at least 1 of each is required."
            )
        if not reset:
            columns = [as_trained(c, t.fine) for c, t in zip(columns, self.table_, strict=True)]
        return columns, names

    def _unnamed(self, X: Any, y: Any, *, reset: bool) -> list[NDArray[Any]]:  # noqa: N803  # scikit-learn's words
        """Split an array; where it holds text, each column of text is one of categories."""
        given = np.array(X, dtype=object) if isinstance(X, list | tuple) else X
        kind = getattr(getattr(given, "dtype", None), "kind", "")
        is_text = kind in "US" if kind != "O" else any(isinstance(value, str) for value in np.ravel(given))
        if kind and is_text:
            validate_data(self, given, y, reset=reset, dtype=object, ensure_all_finite=False)
            return [objects_or_numbers(column, f"x{place}") for place, column in enumerate(given.astype(object).T)]
        checked = validate_data(self, X, y, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
        return list((checked if isinstance(y, str) else checked[0]).T)


def log_odds_of_good(score: NDArray[Any], points_to_double_odds: int) -> Floats:
    """Return the log odds of good to bad at whole scores."""
    found: Floats = np.log(ANCHOR_ODDS) + (score - ANCHOR_POINTS) * (np.log(2) / points_to_double_odds)
    return found


def _base(total: Floats, is_bad: Floats, weight: Floats, points_to_double_odds: int) -> int:
    """Return the whole base points under which the mean probability is the population's rate."""
    usual = float(np.average(is_bad, weights=weight))
    low, high = -20_000.0, 20_000.0
    for _ in range(60):
        middle = (low + high) / 2
        odds = log_odds_of_good(total + middle, points_to_double_odds)
        mean = float(np.average(1 / (1 + np.exp(np.clip(odds, -700, 700))), weights=weight))
        low, high = (middle, high) if mean > usual else (low, middle)
    return round((low + high) / 2)


def _as_rows(weight: Floats) -> Floats:
    """Return weights in rows, for that is what penalties are in."""
    is_count = bool((weight == np.rint(weight)).all())
    return weight if is_count else weight * (len(weight) / weight.sum())


def _chosen(categorical: Any, names: list[str], columns: list[NDArray[Any]]) -> set[int]:
    """Return the places of the features whose values are categories."""
    found = {place for place, column in enumerate(columns) if column.dtype == object}
    if categorical is None or isinstance(categorical, str):
        return found
    places = {name: place for place, name in enumerate(names)}
    return found | {places[one] if isinstance(one, str) else int(one) for one in categorical}


def _by_place(given: Any, names: list[str], usual: Any) -> list[Any]:
    """Return one value a feature, from a mapping by name or place, or a sequence in order."""
    if given is None:
        return [usual] * len(names)
    if isinstance(given, Mapping):
        return [given.get(name, given.get(place, usual)) for place, name in enumerate(names)]
    if len(given) != len(names):
        raise ValueError(f"{len(given)} values given for {len(names)} features")
    return list(given)
