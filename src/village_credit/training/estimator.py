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
from village_credit.training.blend import METHODS, Blend, fit_blend
from village_credit.training.fine import Codes, Fine, make_fine, summed
from village_credit.training.merge import merge_steps

MAX_BINS = 8
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

    def points_of(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Return each value's points; shape (rows,)."""
        by_code: NDArray[np.int64] = self.points[self.groups]
        return by_code[self.fine.codes(values)]


class ScorecardClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Fit a points table; the second of the two sorted classes is the bad one.

    Parameters
    ----------
    method : "blend", "woe", "smooth" or "boosted"; with fewer than 20 rows of a class, "smooth" stands in for a blend.
    max_bins : bins a feature may have, those of special and missing values among them.
    monotone : per feature 1 (the probability may only rise with the value), -1 (only fall) or 0; by name or in order.
    categorical : names or places of features whose values are categories; "auto": columns of a DataFrame that hold no
    numbers.
    special_values : feature name or place → numbers that have a bin of their own.
    points_to_double_odds : points more that double the odds of good to bad.
    bags : samples of rows that are fitted; the rows left out choose; "auto": 6, and 4 from 20,000 rows.
    random_state : whole number; the same one gives the same table.

    Missing values (NaN, None) have a bin of their own where training has any, else the population's mean, 0 points.
    A category that training never saw falls to the bin of rare ones, and gets 0 points where there were none. Infinite
    values, one class only, and weights that leave no row are refused.

    Attributes
    ----------
    table_ : list of FeatureTable, one a feature; base_points_ : whole points of everyone; blend_ : shares and tunings.

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
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Two classes; missing values are welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's words
        """Fit the table; X (rows, features), y (rows,) of two classes, sample_weight (rows,) or none."""
        y = column_or_1d(y, warn=True)
        columns, names = self._columns(X, y, reset=True)
        check_classification_targets(y)
        rows = len(columns[0])
        weight = _check_sample_weight(sample_weight, np.empty((rows, 0)), dtype=np.float64, ensure_non_negative=True)
        kept = weight > 0
        self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        present = np.unique(labels[kept])
        if len(self.classes_) > 2:
            raise ValueError(
                f"Only binary classification is supported. The type of the target is multiclass "
                f"({len(self.classes_)} classes)."
            )
        if len(present) < 2:
            raise ValueError(
                "a scorecard needs rows of both classes; this target has one class (of rows that weigh anything)"
            )
        is_bad = labels[kept].astype(np.float64)
        chosen = _chosen(self.categorical, names, columns)
        special = _by_place(self.special_values, names, ())
        ways = [int(way) for way in _by_place(self.monotone, names, 0)]
        columns = [column[kept] for column in columns]
        weight = weight[kept] * (kept.sum() / weight[kept].sum())  # scale-free: penalties are in rows
        features = [
            make_fine(name, column, weight, is_category=place in chosen, special=special[place])
            for place, (name, column) in enumerate(zip(names, columns, strict=True))
        ]
        codes = np.column_stack([f.codes(c) for f, c in zip(features, columns, strict=True)])
        methods = METHODS if self.method == "blend" else (self.method,)
        if not set(methods) <= set(METHODS):
            raise ValueError(f"method {self.method!r} is none of blend, {', '.join(METHODS)}")
        self.blend_ = fit_blend(
            codes, is_bad, weight, features, ways, methods, self._bags(len(codes)), self.random_state
        )
        self._scale(self.blend_, codes, is_bad, weight, features)
        return self

    def _bags(self, rows: int) -> int:
        return (BAGS_OF_MANY if rows >= MANY else BAGS) if self.bags == "auto" else int(self.bags)

    def _scale(self, blend: Blend, codes: Codes, is_bad: Floats, weight: Floats, features: Sequence[Fine]) -> None:
        """Merge every feature's steps, scale them to whole points, and put the population at its own rate."""
        odds = blend.intercept + blend.slope * blend.steps.score(codes)
        p = 1 / (1 + np.exp(-odds))
        bend = weight * np.maximum(p * (1 - p), 1e-6)
        factor = self.points_to_double_odds / np.log(2)
        self.table_: list[FeatureTable] = []
        total = np.zeros(len(codes))
        for place, feature in enumerate(features):
            column = codes[:, place]
            curvature = summed(column, bend, feature.size)
            merged = merge_steps(feature, blend.steps.values[place], curvature, self.max_bins)
            count = len(merged.values)
            groups = merged.groups[column]
            size = summed(groups, weight, count)
            bads = summed(groups, weight * is_bad, count)
            centred = np.where(size > 0, merged.values - (size @ merged.values) / size.sum(), 0.0)
            points = -np.rint(factor * blend.slope * centred).astype(np.int64)
            self.table_.append(FeatureTable(feature, merged.groups, points, size, bads))
            total += points[groups]
        self.base_points_ = _base(total, is_bad, weight, self.points_to_double_odds)

    def points(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Return every feature's points; shape (rows, features)."""
        check_is_fitted(self)
        columns, _ = self._columns(X, reset=False)
        return np.column_stack([t.points_of(c) for t, c in zip(self.table_, columns, strict=True)])

    def score_points(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Return each row's score: the base and the points of its features; shape (rows,)."""
        found: NDArray[np.int64] = self.points(X).sum(axis=1) + self.base_points_
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
        if not hasattr(X, "columns"):
            checked = validate_data(self, X, y, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
            matrix = checked if isinstance(y, str) else checked[0]
            return list(matrix.T), [f"x{place}" for place in range(matrix.shape[1])]
        validate_data(self, X, y, reset=reset, skip_check_array=True)
        check_consistent_length(X, None if isinstance(y, str) else y)
        columns = [_column(X[name], str(name)) for name in X.columns]
        if not columns or len(columns[0]) == 0:
            raise ValueError(
                f"Found array with {len(X)} sample(s) and {len(columns)} feature(s); at least 1 of each is required."
            )
        return columns, [str(name) for name in X.columns]


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


def _column(series: Any, name: str) -> NDArray[Any]:
    """Return one column of a DataFrame as numbers (NaN missing), or as objects where it holds no numbers."""
    if series.dtype.kind in "iufb" or str(series.dtype).lower().startswith(("int", "uint", "float", "boolean")):
        numbers: Floats = series.to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isinf(numbers).any():
            raise ValueError(f"column {name} contains infinity; give a missing value or a number")
        return numbers
    objects: NDArray[Any] = series.astype(object).to_numpy()
    return objects


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
