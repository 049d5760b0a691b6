"""Boosted trees that each look at one feature are a sum of step functions: read off exactly, code by code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from village_credit.score.statistics import Floats
from village_credit.training.fine import Codes, Fine
from village_credit.training.smooth import Steps

ROUNDS = 150
KEPT = 10  # stages that are read off
LEARNING_RATE = 0.1
FINER_ROUNDS, FINER_RATE = (300, 0.2)  # twice as long a way in as many trees again
LEAVES = 4
MIN_LEAF = 20
L2 = 1.0


@dataclass(frozen=True)
class Boosted:
    """Step functions after each kept round (`rounds`), as `Steps`; the last is the whole model."""

    rounds: list[int]
    steps: list[Steps]


def fit_boosted(
    codes: Codes,
    is_bad: Floats,
    weight: Floats,
    features: Sequence[Fine],
    directions: Sequence[int],
    seed: int,
    most: int = ROUNDS,
    rate: float = LEARNING_RATE,
) -> Boosted:
    """Boost without interactions, monotone where asked, and read the functions off every so many rounds."""
    extra = sum(bool(feature.special) for feature in features)
    model = HistGradientBoostingClassifier(
        learning_rate=rate,
        max_iter=most,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=MIN_LEAF,
        l2_regularization=L2,
        interaction_cst="no_interactions",
        categorical_features=[not f.is_ordered for f in features] + [True] * extra,
        monotonic_cst=[way if f.is_ordered else 0 for f, way in zip(features, directions, strict=True)] + [0] * extra,
        early_stopping=False,
        random_state=seed,
    )
    matrix = _matrix(codes, features)
    empty = np.isnan(matrix).all(axis=0)  # a bag may hold nothing of a feature: it splits nowhere then
    matrix[:, empty] = 0.0
    model.fit(matrix, is_bad.astype(np.int64), sample_weight=weight)
    grid, starts = _grid(features)
    laid = _matrix(grid, features)
    laid[:, empty] = 0.0
    rounds, steps = [], []
    for done, odds in enumerate(model.staged_decision_function(laid), start=1):
        if done % (most // KEPT) == 0:
            base = float(odds[0])
            values = [odds[a:b] - base for a, b in pairwise(starts)]
            rounds.append(done)
            steps.append(Steps(base, values))
    return Boosted(rounds, steps)


def _matrix(codes: Codes, features: Sequence[Fine]) -> Floats:
    """Return codes as the trees see them: what is not ordinary as NaN, and a column more of each that has specials.

    Special values stand there as categories, so that no promised direction holds for them.
    """
    matrix = codes.astype(np.float64)
    extra = []
    for place, feature in enumerate(features):
        column = matrix[:, place]
        above = column - feature.ordinary + 1
        is_special = (above > 0) & (above <= len(feature.special))
        if feature.special:
            extra.append(np.where(is_special, above, 0.0))
        column[above > 0] = np.nan
    return np.column_stack([matrix, *extra])


def _grid(features: Sequence[Fine]) -> tuple[Codes, list[int]]:
    """Lay out one row for the base and one a code of each feature, the others at their first code."""
    sizes = [feature.size for feature in features]
    starts = np.concatenate([[0], np.cumsum(sizes)]) + 1
    grid = np.zeros((int(starts[-1]), len(features)), dtype=np.int32)
    for place, (start, size) in enumerate(zip(starts[:-1], sizes, strict=True)):
        grid[start : start + size, place] = np.arange(size)
    return grid, [int(start) for start in starts]
