"""The same card in each part of the history: whether its probabilities come true there, and whether its scores moved.

Parts are counties, and townships where they differ; and traders, who may deserve a card of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from village_credit.score.statistics import LEAST_GROUP, Bools, Floats, stability
from village_credit.training.metrics import auc, village_interval
from village_credit.training.table import FeatureFacts
from village_credit.training.train import History, fit, village_folds

Row = dict[str, Any]
COUNTY, TOWNSHIP = 6, 9  # digits of a village's code that name these
RANGES = 10


@dataclass(frozen=True)
class Judged:
    """Loans that the fit behind their probability did not see; rows alike. `window`: place of the observation day."""

    is_bad: Bools
    probability: Floats
    scores: Floats
    villages: NDArray[np.str_]
    window: NDArray[np.int64]


def by_place(loans: Judged) -> list[Row]:
    """Return every county's, then every township's loans: expected and observed defaults, AUC, and PSI of the score.

    `holds`: the expected share lies within the observed one's 95% interval over villages. `psi`: against the loans of
    all other places of its kind; `psi_over_time`: the last observation day against the first; NaN where there are none.
    Places of fewer than LEAST_GROUP loans are named without figures.
    """
    rows = []
    for kind, digits in (("county", COUNTY), ("township", TOWNSHIP)):
        places = np.array([village[:digits] for village in loans.villages])
        rows += [{"kind": kind, "place": str(place)} | _of_place(loans, places == place) for place in np.unique(places)]
    return rows


def _of_place(loans: Judged, part: Bools) -> Row:
    size, hits = int(part.sum()), int(loans.is_bad[part].sum())
    if size < LEAST_GROUP:
        return {"loans": size, "is_hidden": True}
    low, high = village_interval(loans.is_bad[part], loans.villages[part])
    expected = float(loans.probability[part].mean())
    first, last = (part & (loans.window == day) for day in (loans.window.min(), loans.window.max()))
    return {
        "loans": size,
        "is_hidden": False,
        "bads": hits,
        "expected": expected,
        "observed": hits / size,
        "low": low,
        "high": high,
        "holds": low <= expected <= high,
        "auc": auc(loans.is_bad[part], loans.probability[part]),
        "psi": _moved(loans.scores, ~part, part),
        "psi_over_time": _moved(loans.scores, first, last) if loans.window.max() else float("nan"),
    }


def _moved(scores: Floats, before: Bools, now: Bools) -> float:
    """Return the stability index of some scores against others, by these others' tenths; NaN where either is few."""
    if min(before.sum(), now.sum()) < LEAST_GROUP:
        return float("nan")
    edges = np.unique(np.quantile(scores[before], np.linspace(0, 1, RANGES + 1)[1:-1]))
    place = np.searchsorted(edges, scores, side="right")
    theirs, ours = (np.bincount(place[one], minlength=RANGES).astype(np.float64) for one in (before, now))
    return stability(theirs, ours)


def traders_card(
    history: History, is_trader: Bools, shared: Floats, features: list[FeatureFacts], least_defaults: int
) -> Row:
    """Say whether traders have defaults enough for a card of their own, and if so what it would be worth.

    `shared`: probabilities of the shared card, for every row of the history, on villages unseen. `own_auc` and
    `shared_auc` are of the same traders' loans; only where there are `least_defaults` and villages to hold out.
    """
    loans, bads = int(is_trader.sum()), int(history.is_bad[is_trader].sum())
    told: Row = {"loans": loans, "bads": bads, "least_defaults": least_defaults, "is_enough": False}
    if loans - bads < 1 or bads < max(least_defaults, 1):
        return told
    theirs = history.rows(is_trader)
    folds = village_folds(theirs)
    if not folds:
        return told
    own = np.full(loans, np.nan)
    for seen, unseen in folds:
        own[unseen] = fit(theirs.rows(seen), features).predict_proba(theirs.values[unseen])[:, 1]
    judged = np.isfinite(own) & np.isfinite(shared[is_trader])
    labels = theirs.is_bad[judged]
    return told | {
        "is_enough": True,
        "own_auc": auc(labels, own[judged]),
        "shared_auc": auc(labels, shared[is_trader][judged]),
    }
