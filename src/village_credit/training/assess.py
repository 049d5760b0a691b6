"""A candidate's evidence: how it tells bads from goods, whether its probabilities come true, what it would cost.

Every figure is of rows that the fit behind it did not see, unless its name says otherwise: villages held out, and the
last observation day foretold from the earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from village_credit.errors import ModelRefused
from village_credit.score.apply import score_columns
from village_credit.score.scorecard import FeaturePoints, Scorecard
from village_credit.score.statistics import LEAST_GROUP, Bools, Floats, share_interval, share_intervals, stability
from village_credit.training.estimator import ScorecardClassifier
from village_credit.training.metrics import auc, brier, calibration_line, interval, ks, log_loss
from village_credit.training.table import WAYS, FeatureFacts
from village_credit.training.train import History, fit, fit_free, last_day, village_folds

Row = dict[str, Any]
DECILES = 10
CURVE_POINTS = 101
TOWNSHIP = 9  # digits of a village's code that name its township


@dataclass(frozen=True)
class HeldOut:
    """What was foretold of rows unseen.

    `rows` says which, `fold` in which fit; of bad `probability` and `challenger`.
    """

    rows: NDArray[np.int64]
    fold: NDArray[np.int64]
    probability: Floats
    challenger: Floats


def challenger_model(features: Sequence[FeatureFacts]) -> HistGradientBoostingClassifier:
    """Gradient boosting with interactions and the same promised directions: what readability is compared with."""
    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=200,
        max_leaf_nodes=15,
        min_samples_leaf=40,
        l2_regularization=1.0,
        monotonic_cst=[WAYS[feature.direction] for feature in features],
        early_stopping=False,
        random_state=0,
    )


def out_of_village_predictions(history: History, features: list[FeatureFacts]) -> HeldOut:
    """Fit on the villages of four folds and foretell the fifth, in turn, both models on the same rows.

    Raises ModelRefused where there are too few villages to hold any out.
    """
    folds = village_folds(history)
    if not folds:
        raise ModelRefused(
            "defaults lie in too few villages to hold any out: a candidate cannot be judged on its own rows"
        )
    foretold = [_predictions(history.rows(seen), history.values[unseen], features) for seen, unseen in folds]
    return HeldOut(
        np.concatenate([unseen for _, unseen in folds]),
        np.concatenate([np.full(len(unseen), number) for number, (_, unseen) in enumerate(folds)]),
        np.concatenate([ours for ours, _ in foretold]),
        np.concatenate([theirs for _, theirs in foretold]),
    )


def without_directions(history: History, features: list[FeatureFacts]) -> Floats:
    """Foretell the rows of `out_of_village_predictions`, in its order, by the same card without directions."""
    parts = []
    for seen, unseen in village_folds(history):
        model = fit_free(history.rows(seen), features)
        parts.append(model.predict_proba(history.values[unseen])[:, 1])
    return np.concatenate(parts)


def out_of_time_predictions(history: History, features: list[FeatureFacts]) -> HeldOut | None:
    """Fit on every day but the last and foretell the last; None where there is one day, or one kind of outcome."""
    parted = last_day(history)
    if parted is None:
        return None
    earlier, rows = parted
    return HeldOut(rows, np.zeros(len(rows), np.int64), *_predictions(earlier, history.values[rows], features))


def _predictions(seen: History, unseen: Floats, features: list[FeatureFacts]) -> tuple[Floats, Floats]:
    """Return both models' probabilities of rows that they did not see."""
    with threadpool_limits(1):  # as in `fit_blend`
        models = fit(seen, features), challenger_model(features).fit(seen.values, seen.is_bad)
        ours, theirs = (model.predict_proba(unseen)[:, 1] for model in models)
    return ours, theirs


def discrimination(is_bad: Bools, probability: Floats, villages: NDArray[np.str_]) -> list[Row]:
    """Return AUC, KS, Brier and log loss with 95% intervals by drawing villages anew: neighbours share their luck."""
    groups = np.unique(villages, return_inverse=True)[1]
    measures = {"auc": auc, "ks": ks, "brier": brier, "log_loss": log_loss}
    return [
        {"figure": name, "value": measure(is_bad, probability), "low": low, "high": high}
        for name, measure in measures.items()
        for low, high in [interval(measure, is_bad, probability, groups)]
    ]


def by_fold(is_bad: Bools, held: HeldOut) -> list[Row]:
    """Return AUC and KS of each fold, and the challenger's AUC on the same rows."""
    labels = is_bad[held.rows]
    return [
        {
            "fold": int(one) + 1,
            "rows": int(part.sum()),
            "bads": int(labels[part].sum()),
            "auc": auc(labels[part], held.probability[part]),
            "ks": ks(labels[part], held.probability[part]),
            "challenger_auc": auc(labels[part], held.challenger[part]),
        }
        for one in np.unique(held.fold)
        for part in [held.fold == one]
    ]


def readability_gap(is_bad: Bools, held: HeldOut, villages: NDArray[np.str_]) -> Row:
    """Return how much AUC the challenger has over the scorecard, with its interval over villages."""
    gap = _gap(is_bad, held, held.challenger, villages)
    return {"challenger_auc": auc(is_bad[held.rows], held.challenger), **gap}


def direction_gap(is_bad: Bools, held: HeldOut, free: Floats, villages: NDArray[np.str_]) -> Row:
    """Return how much AUC the same card without directions has over the scorecard, with its interval over villages."""
    return {"free_auc": auc(is_bad[held.rows], free), **_gap(is_bad, held, free, villages)}


def _gap(is_bad: Bools, held: HeldOut, other: Floats, villages: NDArray[np.str_]) -> Row:
    labels, both = is_bad[held.rows], np.column_stack([other, held.probability])
    groups = np.unique(villages[held.rows], return_inverse=True)[1]

    def gap(labels: Bools, two: Floats) -> float:
        return auc(labels, two[:, 0]) - auc(labels, two[:, 1])

    low, high = interval(gap, labels, both, groups)
    return {"gap": gap(labels, both), "low": low, "high": high}


def bands(is_bad: Bools, probability: Floats, edges_ppm: Sequence[tuple[str, int]], lowest: str) -> list[Row]:
    """Return each policy band's loans, expected and observed defaults, and whether these agree."""
    ppm = probability * 1_000_000
    place = np.searchsorted(np.array([edge for _, edge in edges_ppm], dtype=float), ppm, side="right")
    rows = []
    for number, name in enumerate([*(band for band, _ in edges_ppm), lowest]):
        part = place == number
        size, hits = int(part.sum()), int(is_bad[part].sum())
        low, high = share_interval(hits, size)
        expected = float(probability[part].mean()) if size else float("nan")
        rows.append(
            {
                "band": name,
                "loans": size,
                "expected": expected,
                "observed": hits / size if size else float("nan"),
                "low": low,
                "high": high,
                "holds": bool(size == 0 or low <= expected <= high),
            }
        )
    return rows


def calibration(is_bad: Bools, probability: Floats) -> Row:
    """Return the line of observed on foretold log odds, and what recalibrating by it would do to the Brier score."""
    intercept, slope = calibration_line(is_bad, probability)
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    again = 1 / (1 + np.exp(-(intercept + slope * np.log(p / (1 - p)))))
    return {
        "intercept": intercept,
        "slope": slope,
        "expected": float(probability.mean()),
        "observed": float(is_bad.mean()),
        "brier": brier(is_bad, probability),
        "brier_recalibrated": brier(is_bad, again),
    }


def lift(is_bad: Bools, probability: Floats) -> list[Row]:
    """Return tenths of the loans, riskiest first.

    Expected and observed defaults, and the share of all defaults caught so far.
    """
    order = np.argsort(-probability, kind="stable")
    parts = np.array_split(order, DECILES)
    total, usual = max(int(is_bad.sum()), 1), max(float(is_bad.mean()), 1e-12)
    caught, rows = 0, []
    for number, part in enumerate(parts, start=1):
        hits = int(is_bad[part].sum())
        caught += hits
        rows.append(
            {
                "tenth": number,
                "loans": len(part),
                "expected": float(probability[part].sum()),
                "observed": hits,
                "lift": hits / max(len(part), 1) / usual,
                "caught": caught / total,
            }
        )
    return rows


def roc_points(is_bad: Bools, probability: Floats) -> list[tuple[float, float]]:
    """Return the share of defaults caught by the share of good loans turned away, at even steps."""
    order = np.argsort(-probability, kind="stable")
    hits = np.concatenate([[0], np.cumsum(is_bad[order])]) / max(int(is_bad.sum()), 1)
    misses = np.concatenate([[0], np.cumsum(~is_bad[order])]) / max(int((~is_bad).sum()), 1)
    steps = np.linspace(0, 1, CURVE_POINTS)
    return [(float(x), float(np.interp(x, misses, hits))) for x in steps]


def score_shares(is_bad: Bools, scores: Floats) -> list[Row]:
    """Return the shares of goods and of bads by twenty points of score."""
    low = int(np.floor(scores.min() / 20) * 20)
    place = ((scores - low) // 20).astype(np.int64)
    goods, bads = (np.bincount(place[kind], minlength=int(place.max()) + 1) for kind in (~is_bad, is_bad))
    return [
        {"from": low + 20 * n, "goods": int(g), "bads": int(b)}
        for n, (g, b) in enumerate(zip(goods, bads, strict=True))
    ]


def stability_rows(model: ScorecardClassifier, history: History, features: list[FeatureFacts]) -> list[Row]:
    """Compare each observation day with the first: PSI of the score, and of every feature by its bins."""
    scores = model.score_points(history.values).astype(np.float64)
    first = history.window == 0
    edges = np.unique(np.quantile(scores[first], np.linspace(0, 1, DECILES + 1)[1:-1]))
    places: dict[str, NDArray[Any]] = {"score": np.searchsorted(edges, scores, side="right")}
    for place, (table, about) in enumerate(zip(model.table_, features, strict=True)):
        places[about.name] = table.groups[table.fine.codes(history.values[:, place])]
    rows = []
    for name, bins in places.items():
        size = int(bins.max()) + 1
        before = np.bincount(bins[first], minlength=size).astype(np.float64)
        for number, day in list(enumerate(history.windows))[1:]:
            now = np.bincount(bins[history.window == number], minlength=size).astype(np.float64)
            rows.append({"feature": name, "day": day, "against": history.windows[0], "psi": stability(before, now)})
    return rows


def sensitivity(model: ScorecardClassifier, history: History, features: list[FeatureFacts]) -> list[Row]:
    """Give, per feature, the AUC that is lost when everybody gets its mean points, and the spread of its points."""
    points = model.points(history.values).astype(np.float64)
    total = points.sum(axis=1) + model.pair_points(history.values).sum(axis=1)
    whole = auc(history.is_bad, -total)
    return [
        {
            "feature": about.name,
            "auc_lost": whole - auc(history.is_bad, -(total - points[:, place] + points[:, place].mean())),
            "points_spread": float(points[:, place].std()),
            "least": int(points[:, place].min()),
            "most": int(points[:, place].max()),
        }
        for place, about in enumerate(features)
    ]


def flipped_bins(card: Scorecard, history: History, features: list[FeatureFacts]) -> list[Row]:
    """Return the bins whose defaults in a year or township speak against the sign of their points.

    More points than the mean though the part's interval lies above the part's own rate, or fewer though it lies below.
    """
    names = [one.name for one in features]
    kernel = score_columns([pa.array(history.values[:, names.index(f.name)]) for f in card.features], card)
    years = np.array(history.windows)[history.window]
    townships = np.array([village[:TOWNSHIP] for village in history.villages])
    return [
        row
        for kind, parts in (("year", years), ("township", townships))
        for part in np.unique(parts)
        for place, feature in enumerate(card.features)
        for row in _flipped(
            feature, kernel.bins[place], history.is_bad, parts == part, {"kind": kind, "part": str(part)}
        )
    ]


def _flipped(feature: FeaturePoints, bins: NDArray[np.int8], is_bad: Bools, part: Bools, about: Row) -> list[Row]:
    count = len(feature.bins) + 1
    rows = np.bincount(bins[part], minlength=count).astype(np.float64)
    bads = np.bincount(bins[part], weights=is_bad[part], minlength=count).astype(np.float64)
    points = np.array([*(bin_.points for bin_ in feature.bins), feature.missing.points])
    low, high = share_intervals(bads, rows)
    usual = float(is_bad[part].mean())
    is_flipped = (rows >= LEAST_GROUP) & np.where(points > 0, low > usual, (points < 0) & (high < usual))
    labels = [*(bin_.label for bin_ in feature.bins), "missing"]
    return [
        {
            **about,
            "feature": feature.name,
            "bin": labels[at],
            "points": int(points[at]),
            "loans": int(rows[at]),
            "observed": float(bads[at] / rows[at]),
            "low": float(low[at]),
            "high": float(high[at]),
            "usual": usual,
        }
        for at in np.flatnonzero(is_flipped)
    ]
