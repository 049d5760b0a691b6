"""The same card in each part of the history: whether its probabilities come true there, and whether its scores moved.

Parts are counties, and townships where they differ; and traders, who may deserve a card of their own.
"""

from __future__ import annotations

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


def by_place(is_bad: Bools, probability: Floats, scores: Floats, villages: NDArray[np.str_]) -> list[Row]:
    """Return every county's, then every township's loans: expected and observed defaults, AUC, and PSI of the score.

    Rows are loans that the probabilities' fit did not see. `holds`: the expected share lies within the observed one's
    95% interval over villages. `psi`: against the loans of all other places of its kind; NaN where there are none.
    Places of fewer than LEAST_GROUP loans are named without figures.
    """
    rows = []
    for kind, digits in (("county", COUNTY), ("township", TOWNSHIP)):
        places = np.array([village[:digits] for village in villages])
        rows += [
            {"kind": kind, "place": str(place)} | _of_place(is_bad, probability, scores, villages, places == place)
            for place in np.unique(places)
        ]
    return rows


def _of_place(is_bad: Bools, probability: Floats, scores: Floats, villages: NDArray[np.str_], part: Bools) -> Row:
    size, hits = int(part.sum()), int(is_bad[part].sum())
    if size < LEAST_GROUP:
        return {"loans": size, "is_hidden": True}
    low, high = village_interval(is_bad[part], villages[part])
    expected = float(probability[part].mean())
    return {
        "loans": size,
        "is_hidden": False,
        "bads": hits,
        "expected": expected,
        "observed": hits / size,
        "low": low,
        "high": high,
        "holds": low <= expected <= high,
        "auc": auc(is_bad[part], probability[part]),
        "psi": _moved(scores, part),
    }


def _moved(scores: Floats, part: Bools) -> float:
    """Return the stability index of a part's scores against all others', by these others' tenths."""
    if part.all():
        return float("nan")
    edges = np.unique(np.quantile(scores[~part], np.linspace(0, 1, RANGES + 1)[1:-1]))
    place = np.searchsorted(edges, scores, side="right")
    theirs, ours = (np.bincount(place[one], minlength=RANGES).astype(np.float64) for one in (~part, part))
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
