"""Who never drew has no outcome: what would change if they were as bad as several assumptions say.

A sensitivity and never the figure. Every assumption gives the undrawn of two thirds of the villages labels, fits anew
with them, and is judged on the drawn loans of the other third, whose outcomes are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from village_credit.score.statistics import Bools, Floats
from village_credit.training.estimator import ScorecardClassifier
from village_credit.training.metrics import auc
from village_credit.training.table import FeatureFacts
from village_credit.training.train import History, fit, new_model

Row = dict[str, Any]
TIMES = (1, 2, 3)  # how much worse the undrawn may be than the drawn of their band
TENTHS = 10
DRAWN_ONLY = "drawn_only"
LIGHT = {"method": "smooth", "bags": 2}  # as `fairness.alternatives` fits: the rows compare with the first


@dataclass(frozen=True)
class Undrawn:
    """Households that never drew: features as in a history, and villages; one row a household and observation day."""

    values: Floats
    villages: NDArray[np.str_]


@dataclass(frozen=True)
class _Sample:
    """Rows that teach: features, labels, and how many households each stands for."""

    values: Floats
    is_bad: Bools
    weight: Floats


def by_assumption(
    history: History, undrawn: Undrawn, features: list[FeatureFacts], edges_ppm: Sequence[tuple[str, int]]
) -> list[Row]:
    """Return a row for each assumption, the card of drawn loans alone first.

    `auc`: on drawn loans of the villages held out; of everybody there, drawn or not: `bad_rate`, `above_lowest` (the
    share in bands above the lowest), `above_lowest_bad_rate` (of these), and `points_moved`, how far scores lie from
    the first row's on average. Empty where either part of the villages has one kind of outcome, or nobody is undrawn.
    """
    names = sorted(set(history.villages.tolist()))
    held, away = np.isin(history.villages, names[::3]), np.isin(undrawn.villages, names[::3])
    seen = history.rows(~held)
    known, asked = undrawn.values[~away], np.concatenate([history.values[held], undrawn.values[away]])
    if not len(known) or not _both(seen.is_bad) or not _both(history.is_bad[held]):
        return []
    base = fit(seen, features, **LIGHT)
    models = {DRAWN_ONLY: base} | {
        name: _fitted(sample, features) for name, sample in _samples(base, seen, known, edges_ppm).items()
    }
    usual, edge = base.score_points(asked), edges_ppm[-1][1] / 1_000_000
    return [
        {
            "assumption": name,
            "auc": auc(history.is_bad[held], model.decision_function(history.values[held])),
            "points_moved": float(np.abs(model.score_points(asked) - usual).mean()),
            **_of_everybody(model.predict_proba(asked)[:, 1], edge),
        }
        for name, model in models.items()
    ]


def spread(rows: Sequence[Row]) -> Row:
    """Return the least and the most of each figure over the assumptions."""
    names = ("auc", "points_moved", "bad_rate", "above_lowest", "above_lowest_bad_rate")
    return {name: [min(row[name] for row in rows), max(row[name] for row in rows)] for name in names} if rows else {}


def _both(is_bad: Bools) -> bool:
    return bool(0 < is_bad.sum() < len(is_bad))


def _of_everybody(probability: Floats, edge: float) -> Row:
    above = probability < edge
    return {
        "bad_rate": float(probability.mean()),
        "above_lowest": float(above.mean()),
        "above_lowest_bad_rate": float(probability[above].mean()) if above.any() else 0.0,
    }


def _fitted(sample: _Sample, features: list[FeatureFacts]) -> ScorecardClassifier:
    model: ScorecardClassifier = new_model(features, **LIGHT).fit(sample.values, sample.is_bad, sample.weight)
    return model


def _samples(
    base: ScorecardClassifier, seen: History, undrawn: Floats, edges_ppm: Sequence[tuple[str, int]]
) -> dict[str, _Sample]:
    """Label the undrawn by every assumption: at times their band's rate, by tenths of the score, or both at once."""
    ours, theirs = (base.predict_proba(values)[:, 1] for values in (seen.values, undrawn))
    edges = np.array([edge for _, edge in edges_ppm]) / 1_000_000
    tenths = np.unique(np.quantile(theirs, np.linspace(0, 1, TENTHS + 1)[1:-1]))
    made = {
        f"band_times_{times}": _labelled(seen, undrawn, times * _rates(ours, theirs, seen.is_bad, edges))
        for times in TIMES
    }
    made["parcelling"] = _labelled(seen, undrawn, _rates(ours, theirs, seen.is_bad, tenths))
    made["fuzzy_augmentation"] = _fuzzy(seen, undrawn, theirs)
    return made


def _rates(ours: Floats, theirs: Floats, is_bad: Bools, edges: Floats) -> Floats:
    """Return the drawn loans' share of defaults in the range in which each undrawn household lies.

    A range without drawn loans has the share that the card expects there.
    """
    drawn, undrawn = (np.searchsorted(edges, p, side="right") for p in (ours, theirs))
    size = len(edges) + 1
    loans, bads = np.bincount(drawn, minlength=size), np.bincount(drawn, weights=is_bad, minlength=size)
    expected = np.bincount(undrawn, weights=theirs, minlength=size) / np.maximum(
        np.bincount(undrawn, minlength=size), 1
    )
    rates: Floats = np.where(loans > 0, bads / np.maximum(loans, 1), expected)[undrawn]
    return rates


def _labelled(seen: History, undrawn: Floats, rate: Floats) -> _Sample:
    """Give the undrawn one label each: of any that share a rate, that share is bad, whoever by chance of a fixed seed.

    Whole labels, spread evenly: no rate is missed by more than one household.
    """
    rate = np.minimum(rate, 1.0)
    order = np.random.default_rng(0).permutation(len(rate))
    order = order[np.argsort(rate[order], kind="stable")]
    total = np.floor(np.cumsum(rate[order]) + 1e-9)
    is_bad = np.zeros(len(rate), np.bool_)
    is_bad[order] = np.diff(total, prepend=0.0) > 0
    return _joined(seen, undrawn, is_bad, np.ones(len(rate)))


def _fuzzy(seen: History, undrawn: Floats, probability: Floats) -> _Sample:
    """Let every undrawn household count twice: as bad by its probability, as good by the rest."""
    twice, is_bad = np.concatenate([undrawn, undrawn]), np.repeat([True, False], len(undrawn))
    return _joined(seen, twice, is_bad, np.concatenate([probability, 1 - probability]))


def _joined(seen: History, values: Floats, is_bad: Bools, weight: Floats) -> _Sample:
    return _Sample(
        np.concatenate([seen.values, values]),
        np.concatenate([seen.is_bad, is_bad]),
        np.concatenate([np.ones(len(seen.is_bad)), weight]),
    )
