"""Labelled features become a scorecard: binned, weighed by logistic regression, scaled to whole points, calibrated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve
from sklearn.model_selection import StratifiedGroupKFold

from village_credit.score.binning import Binned, Direction, Floats, bin_feature
from village_credit.score.scorecard import (
    PPM,
    Bin,
    FeaturePoints,
    ProbabilityTable,
    Roles,
    Scorecard,
    Training,
)

POINTS_TO_DOUBLE_ODDS = 20
ANCHOR_POINTS = 600  # at these points the odds are ANCHOR_ODDS good to one bad
ANCHOR_ODDS = 20.0
TABLE_MARGIN = 40  # points beyond the training range that the probability table still tells apart
FOLDS = 5


@dataclass(frozen=True)
class FeatureFacts:
    """What the catalogue says of a feature, as the scorecard stores it."""

    name: str
    unit: str
    sources: tuple[str, ...]
    meaning: str
    meaning_zh: str
    direction: Direction


@dataclass(frozen=True)
class History:
    """Drawn loans with outcomes: one row a household and observation day.

    `values`: rows × features (NaN missing); `is_bad`: rows; `villages`: rows, whole villages are held out together.
    """

    values: Floats
    is_bad: NDArray[np.bool_]
    villages: NDArray[np.str_]
    windows: list[str]
    input_hashes: list[str]


def train(
    history: History, features: list[FeatureFacts], model_id: str, valid_from: date, *, is_synthetic: bool
) -> Scorecard:
    """Fit a scorecard; its figures come from villages that each fold's fit did not see."""
    held_out = _held_out_points(history, features)
    card = _fit(history.values, history.is_bad, features)
    totals = _totals(card, history.values)
    figures = _figures(history.is_bad, held_out, totals)
    intercept, slope = _calibration(totals, history.is_bad)
    return Scorecard(
        model_id=model_id,
        note="Trained on SYNTHETIC history: it shows the form of a scorecard and says nothing about real people."
        if is_synthetic
        else "",
        base_points=card.base,
        points_to_double_odds=POINTS_TO_DOUBLE_ODDS,
        features=[
            _feature_points(feature, binned, points)
            for feature, binned, points in zip(features, card.binned, card.points, strict=True)
            if any(points)  # a feature that gives nobody points is not worth a committee's time
        ],
        probability=_probability_table(totals, intercept, slope),
        training=Training(
            is_synthetic=is_synthetic,
            windows=history.windows,
            rows=len(history.is_bad),
            bads=int(history.is_bad.sum()),
            default_definition="more than 90 days past due within 12 months of the observation day; proven relief is no default",
            horizon_months=12,
            figures=figures,
            input_hashes=history.input_hashes,
        ),
        roles=Roles(developer="synthetic-developer", validator=None, approver=None),
        valid_from=valid_from,
        valid_to=valid_from.replace(year=valid_from.year + 2),
        impact_assessment="PIA-SYNTHETIC-0",
    )


@dataclass(frozen=True)
class _Card:
    """Bins and whole points per bin (the last of each list is the missing value's)."""

    base: int
    binned: list[Binned]
    points: list[list[int]]


def _fit(values: Floats, is_bad: NDArray[np.bool_], features: list[FeatureFacts]) -> _Card:
    """Bin every feature and weigh them; a feature whose weight turns against its evidence gets none."""
    binned = [bin_feature(values[:, i], is_bad, feature.direction) for i, feature in enumerate(features)]
    woe = np.column_stack([one.transform(values[:, i]) for i, one in enumerate(binned)])
    used = np.array([len(set(one.woe)) > 1 for one in binned])
    model = LogisticRegression(C=1.0, max_iter=2000)
    while True:
        model.fit(woe[:, used], ~is_bad)
        if (model.coef_[0] >= 0).all():
            break
        used[np.flatnonzero(used)[int(np.argmin(model.coef_[0]))]] = False
    weights = np.zeros(len(features))
    weights[used] = model.coef_[0]
    factor = POINTS_TO_DOUBLE_ODDS / np.log(2)
    base = round(ANCHOR_POINTS + factor * (float(model.intercept_[0]) - np.log(ANCHOR_ODDS)))
    points = [
        [round(float(w * weight * factor)) for w in [*one.woe, one.missing_woe]]
        for one, weight in zip(binned, weights, strict=True)
    ]
    return _Card(base, binned, points)


def _totals(card: _Card, values: Floats) -> Floats:
    """Sum the whole points of every row."""
    total = np.full(len(values), float(card.base))
    for index, (one, points) in enumerate(zip(card.binned, card.points, strict=True)):
        column = values[:, index]
        place = np.where(
            np.isnan(column), len(points) - 1, np.searchsorted(np.array(one.edges), column, side="right")
        )
        total += np.array(points, dtype=float)[place]
    return total


def _held_out_points(history: History, features: list[FeatureFacts]) -> Floats:
    """Score each village by a fit that never saw it."""
    points = np.zeros(len(history.is_bad))
    folds = StratifiedGroupKFold(
        n_splits=min(FOLDS, len(set(history.villages.tolist()))), shuffle=True, random_state=0
    )
    for seen, unseen in folds.split(history.values, history.is_bad, history.villages):
        card = _fit(history.values[seen], history.is_bad[seen], features)
        points[unseen] = _totals(card, history.values[unseen])
    return points


def _calibration(totals: Floats, is_bad: NDArray[np.bool_]) -> tuple[float, float]:
    """Fit the log odds of default on the whole points."""
    scaled = (totals - ANCHOR_POINTS).reshape(-1, 1) / POINTS_TO_DOUBLE_ODDS
    model = LogisticRegression(C=1e6, max_iter=2000).fit(scaled, is_bad)
    return float(model.intercept_[0]), float(min(model.coef_[0][0], -1e-6))


def _probability_table(totals: Floats, intercept: float, slope: float) -> ProbabilityTable:
    """Tabulate the probability for each whole point: nothing is computed at run time."""
    low, high = int(totals.min()) - TABLE_MARGIN, int(totals.max()) + TABLE_MARGIN
    levels = (np.arange(low, high + 1) - ANCHOR_POINTS) / POINTS_TO_DOUBLE_ODDS
    ppm = np.rint(PPM / (1 + np.exp(-(intercept + slope * levels)))).astype(int)
    return ProbabilityTable(from_points=low, ppm=ppm.tolist())


def _figures(is_bad: NDArray[np.bool_], held_out: Floats, totals: Floats) -> dict[str, float]:
    false_rate, true_rate, _ = roc_curve(is_bad, -held_out)
    intercept, slope = _calibration(held_out, is_bad)
    probability = 1 / (1 + np.exp(-(intercept + slope * (held_out - ANCHOR_POINTS) / POINTS_TO_DOUBLE_ODDS)))
    return {
        "auc_out_of_village": round(float(roc_auc_score(is_bad, -held_out)), 4),
        "ks_out_of_village": round(float(np.max(true_rate - false_rate)), 4),
        "brier_out_of_village": round(float(brier_score_loss(is_bad, probability)), 5),
        "auc_in_sample": round(float(roc_auc_score(is_bad, -totals)), 4),
        "bad_rate": round(float(is_bad.mean()), 5),
    }


def _feature_points(feature: FeatureFacts, binned: Binned, points: list[int]) -> FeaturePoints:
    uppers: list[float | None] = [*binned.edges, None]
    return FeaturePoints(
        name=feature.name,
        unit=feature.unit,
        sources=list(feature.sources),
        meaning=feature.meaning,
        meaning_zh=feature.meaning_zh,
        direction=feature.direction,
        bins=[
            Bin(below=upper, points=point, label=_label(binned.edges, i))
            for i, (upper, point) in enumerate(zip(uppers, points[:-1], strict=True))
        ],
        missing_points=points[-1],
    )


def _label(edges: list[float], index: int) -> str:
    if not edges:
        return "all"
    if index == 0:
        return f"< {edges[0]:g}"
    return f">= {edges[-1]:g}" if index == len(edges) else f"{edges[index - 1]:g} to {edges[index]:g}"
