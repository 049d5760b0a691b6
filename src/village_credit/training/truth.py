"""A synthetic world's truth is known: how near a card comes to the best that is possible there, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from village_credit.score.statistics import Bools, Floats
from village_credit.training.metrics import SMALLEST, auc, interval

Row = dict[str, Any]
YET_TO_COME = ("village_year", "chance", "proven_relief")  # nobody can know these on the observation day
UNDELIVERED = ("ability", "will")  # no office knows these


def gap_to_truth(
    is_bad: Bools, probability: Floats, parts: Mapping[str, Floats], villages: NDArray[np.str_]
) -> dict[str, Any]:
    """Compare a card's AUC with that of the world's own log odds, which are the sum of `parts`; all on the same rows.

    `known_auc`: of what could be known on the day; `deliverable_auc`: of what offices know of that besides. `gap`, with
    its interval over villages: the best less the card. `facts`: see `_closed`.
    """
    best = _without(parts, ())
    card = _odds(probability)
    groups = np.unique(villages, return_inverse=True)[1]

    def gap(labels: Bools, two: Floats) -> float:
        return auc(labels, two[:, 0]) - auc(labels, two[:, 1])

    both = np.column_stack([best, card])
    low, high = interval(gap, is_bad, both, groups)
    return {
        "rows": len(is_bad),
        "card_auc": auc(is_bad, card),
        "best_auc": auc(is_bad, best),
        "known_auc": auc(is_bad, _without(parts, YET_TO_COME)),
        "deliverable_auc": auc(is_bad, _without(parts, (*YET_TO_COME, *UNDELIVERED))),
        "gap": gap(is_bad, both),
        "low": low,
        "high": high,
        "facts": _closed(is_bad, card, parts, best),
    }


def _without(parts: Mapping[str, Floats], left_out: Sequence[str]) -> Floats:
    total: Floats = np.sum([part for name, part in parts.items() if name not in left_out], axis=0)
    return total


def _odds(probability: Floats) -> Floats:
    p = np.clip(probability, SMALLEST, 1 - SMALLEST)
    odds: Floats = np.log(p / (1 - p))
    return odds


def _closed(is_bad: Bools, card: Floats, parts: Mapping[str, Floats], best: Floats) -> list[Row]:
    """Tell the card one fact of the world after another, the most telling next, until it knows them all.

    A fact is told by the line of least squares from the card's log odds and the facts told so far to the world's own;
    `gained` is what that adds to the AUC, so the rows add up to the gap. A part that is the same for all tells nothing.
    """
    left = {name: part for name, part in parts.items() if float(np.ptp(part)) > 0}
    told, reached, rows = [np.ones(len(card)), card], auc(is_bad, card), []
    while left:
        found = {name: auc(is_bad, _line([*told, part], best)) for name, part in left.items()}
        name = max(found, key=lambda one: (found[one], one))
        rows.append({"fact": name, "auc": found[name], "gained": found[name] - reached, "known": _when_known(name)})
        told.append(left.pop(name))
        reached = found[name]
    return rows


def _line(columns: Sequence[Floats], best: Floats) -> Floats:
    """Return the sum of columns nearest to the best; rounded, so that ties stay ties."""
    given = np.column_stack(columns)
    weights = np.linalg.lstsq(given, best, rcond=None)[0]
    return np.asarray(np.round(given @ weights, 9), dtype=np.float64)


def _when_known(name: str) -> str:
    """Say who could know a fact: nobody on the day, no office, or an office."""
    return "later" if name in YET_TO_COME else "undelivered" if name in UNDELIVERED else "delivered"
