"""How well scores tell bads from goods, and probabilities what comes true: figures, and intervals by resampling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from village_credit.score.statistics import CONFIDENCE, Bools, Floats, share_interval

RESAMPLES = 200
SMALLEST = 1e-6  # probability: a certain prediction that fails would cost without bound


def auc(is_bad: Bools, risk: Floats) -> float:
    """Chance that a bad row has more risk than a good one, ties half; 0.5 tells nothing. NaN with one class only."""
    bads = int(is_bad.sum())
    goods = len(is_bad) - bads
    if not bads or not goods:
        return float("nan")
    _, place, count = np.unique(risk, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]  # tied rows share the mean of their ranks
    return float((rank[is_bad].sum() - bads * (bads + 1) / 2) / (bads * goods))


def ks(is_bad: Bools, risk: Floats) -> float:
    """Greatest distance between the shares of bads and of goods above a risk. NaN with one class only."""
    bads = int(is_bad.sum())
    goods = len(is_bad) - bads
    if not bads or not goods:
        return float("nan")
    order = np.argsort(risk, kind="stable")
    gaps = np.cumsum(np.where(is_bad[order], 1 / bads, -1 / goods))
    last_of_tie = np.append(np.diff(risk[order]) != 0, True)  # NumPy's append takes a value
    return float(np.abs(gaps[last_of_tie]).max())


def brier(is_bad: Bools, probability: Floats) -> float:
    """Mean squared distance of the probability from what came true."""
    return float(np.mean((probability - is_bad) ** 2))


def log_loss(is_bad: Bools, probability: Floats) -> float:
    """Mean logarithmic loss, natural logarithm."""
    p = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return float(-np.mean(np.where(is_bad, np.log(p), np.log(1 - p))))


def calibration_line(is_bad: Bools, probability: Floats) -> tuple[float, float]:
    """Intercept and slope of the log odds of bad on the predicted log odds: (0, 1) where every prediction holds."""
    from village_credit.training.blend import fit_line  # noqa: PLC0415  # the fitting half is not needed to measure

    p = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return fit_line(np.log(p / (1 - p)), is_bad.astype(np.float64), np.ones(len(p)))


def interval(
    measure: Callable[[Bools, Floats], float],
    is_bad: Bools,
    given: Floats,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95% interval of a figure, by drawing rows, or whole groups (villages), with replacement."""
    chance = np.random.default_rng(seed)
    found = []
    members = None if groups is None else [np.flatnonzero(groups == one) for one in np.unique(groups)]
    for _ in range(RESAMPLES):
        if members is None:
            rows = chance.integers(0, len(is_bad), len(is_bad))
        else:
            rows = np.concatenate([members[one] for one in chance.integers(0, len(members), len(members))])
        found.append(measure(is_bad[rows], given[rows]))
    known = np.array([value for value in found if np.isfinite(value)])
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def village_interval(hits: Bools, villages: NDArray[np.str_], seed: int = 0) -> tuple[float, float]:
    """Return the 95% interval of a share by drawing villages anew, never narrower than that of as many strangers."""
    low, high = share_interval(int(hits.sum()), len(hits))
    names, place = np.unique(villages, return_inverse=True)
    if len(names) < 2:
        return low, high
    counts = np.column_stack([np.bincount(place, weights=hits), np.bincount(place)])
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES) @ counts
    shares = drawn[:, 0] / np.maximum(drawn[:, 1], 1)
    told = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return min(low, float(told[0])), max(high, float(told[1]))
