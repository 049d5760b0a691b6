"""Supervised bins, their weight of evidence, and a logistic regression that gives each feature one weight.

The field's own way to a scorecard. Bins are found by dynamic programming: of all ways to cut a feature's fine codes
into few bins of enough rows, the one under which the labels are likeliest, a bin more only where it earns its price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from village_credit.score.statistics import Floats
from village_credit.training.fine import Codes, Fine, summed
from village_credit.training.smooth import Steps

MAX_BINS = 8
MIN_SHARE = 0.05  # of the weight, in a bin of ordinary values
PRICE = 1.92  # of one more bin, in log likelihood: half the 95% point of chi-squared with one degree
PRIOR_BADS = 10.0  # at the population's rate, added to each bin: small bins say little


@dataclass(frozen=True)
class Evidence:
    """One feature's bins: `groups` gives each fine code's bin; goods and bads by bin; woe of bad by fine code."""

    groups: Codes
    goods: Floats
    bads: Floats
    woe: Floats

    @property
    def information_value(self) -> float:
        """Sum over bins of the difference of shares times the weight of evidence; 0: it tells nothing."""
        seen = (self.goods + self.bads) > 0
        goods, bads = self.goods[seen] + 0.5, self.bads[seen] + 0.5
        shares = bads / bads.sum(), goods / goods.sum()
        return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())


def find_evidence(
    feature: Fine, codes: Codes, is_bad: Floats, weight: Floats, way: int, max_bins: int = MAX_BINS
) -> Evidence:
    """Bin one feature; `way` 1: the bad rate may only rise with the value, -1: only fall, 0: as it likes."""
    size, k = feature.size, feature.ordinary
    every = summed(codes, weight, size)
    bads = summed(codes, weight * is_bad, size)
    usual = float(bads.sum() / every.sum())
    prior = PRIOR_BADS / min(usual, 1 - usual)
    rates = (bads + prior * usual) / (every + prior)
    order = np.arange(k) if feature.is_ordered else np.argsort(rates[:k], kind="stable")
    rest = int((every[k:] > 0).sum())
    cuts = likeliest_cuts(every[order], bads[order], max(max_bins - rest, 1), MIN_SHARE * float(every.sum()))
    if feature.is_ordered and way:
        cuts = monotone_cuts(every[order], bads[order], cuts, way, prior, usual)
    groups = np.empty(size, dtype=np.int32)
    groups[order] = np.searchsorted(cuts, np.arange(k), side="right")
    groups[k:] = len(cuts) + 1 + np.arange(size - k)
    count = int(groups.max()) + 1
    by_bin = summed(groups, every, count), summed(groups, bads, count)
    rate = (by_bin[1] + prior * usual) / (by_bin[0] + prior)
    woe = np.log(rate / (1 - rate)) - np.log(usual / (1 - usual))
    return Evidence(groups, by_bin[0] - by_bin[1], by_bin[1], woe[groups])


def likeliest_cuts(every: Floats, bads: Floats, most: int, least: float) -> list[int]:
    """Cut ordered codes into at most `most` bins of at least `least` weight; gives where bins begin."""
    k = len(every)
    total, bad = np.concatenate([[0], np.cumsum(every)]), np.concatenate([[0], np.cumsum(bads)])
    n = total[None, 1:] - total[:-1, None]
    b = np.clip(bad[None, 1:] - bad[:-1, None], 0, None)
    g = np.clip(n - b, 0, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = -(np.where(b > 0, b * np.log(b / n), 0) + np.where(g > 0, g * np.log(g / n), 0))
    allowed = (np.arange(1, k + 1)[None, :] > np.arange(k)[:, None]) & (n >= min(least, float(total[-1])) - 1e-9)
    return best_cuts(np.where(allowed, loss, np.inf), most, PRICE)


def best_cuts(loss: Floats, most: int, price: float) -> list[int]:
    """Cut 0 … k-1 into at most `most` runs of least summed loss.

    `loss[i, j]` is of the run i … j, `price` of each run.
    """
    k = len(loss)
    most = min(most, k)
    best = np.full((most + 1, k + 1), np.inf)
    best[0, 0] = 0.0
    came = np.zeros((most + 1, k + 1), dtype=np.int64)
    for runs in range(1, most + 1):
        ways = best[runs - 1, :k, None] + loss
        came[runs, 1:] = np.argmin(ways, axis=0)
        best[runs, 1:] = np.min(ways, axis=0)
    totals = best[1:, k] + price * np.arange(1, most + 1)
    runs = int(np.argmin(totals)) + 1
    cuts, end = [], k
    for left in range(runs, 1, -1):
        end = int(came[left, end])
        cuts.append(end)
    return sorted(cuts)


def monotone_cuts(every: Floats, bads: Floats, cuts: list[int], way: int, prior: float, usual: float) -> list[int]:
    """Drop the cuts whose bad rate moves against `way`, worst first."""
    kept = list(cuts)
    while kept:
        starts = np.array([0, *kept])
        n, b = np.add.reduceat(every, starts), np.add.reduceat(bads, starts)
        climbs = np.diff((b + prior * usual) / (n + prior)) * way
        if climbs.min() > 0:
            break
        kept.pop(int(np.argmin(climbs)))
    return kept


def fit_woe(codes: Codes, is_bad: Floats, weight: Floats, features: Sequence[Fine], directions: Sequence[int]) -> Steps:
    """Weigh the features' evidence: a weight is never negative, for then a feature would speak against itself."""
    found = [find_evidence(feature, codes[:, i], is_bad, weight, directions[i]) for i, feature in enumerate(features)]
    matrix = np.column_stack([one.woe[codes[:, i]] for i, one in enumerate(found)])
    usual = float((weight * is_bad).sum() / weight.sum())

    def loss(given: Floats) -> tuple[float, Floats]:
        odds = given[0] + matrix @ given[1:]
        value = (weight * (np.logaddexp(0, odds) - is_bad * odds)).sum() + 0.5 * (given[1:] ** 2).sum()
        off = weight * (1 / (1 + np.exp(-odds)) - is_bad)
        slope = np.concatenate([[off.sum()], off @ matrix + given[1:]])
        return value / weight.sum(), slope / weight.sum()

    start = np.concatenate([[np.log(usual / (1 - usual))], np.full(len(features), 0.5)])
    bounds = [(None, None)] + [(0.0, None)] * len(features)
    done = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
    return Steps(float(done.x[0]), [one.woe * float(w) for one, w in zip(found, done.x[1:], strict=True)])
