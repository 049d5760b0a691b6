"""Step functions over many fine codes become few bins, by the least loss, and whole points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from village_credit.score.statistics import Bools, Floats
from village_credit.training.fine import Codes, Fine, summed
from village_credit.training.woe import best_cuts

# of one more bin, in curvature x squared step: twice what it saves in log loss; a page is short where it can be
PRICE = 0.02
LEAST_SHARE = 0.005  # of the weight, in a bin of ordinary values: fewer rows are no evidence


@dataclass(frozen=True)
class Merged:
    """`groups`: each fine code's bin (ordinary bins from 0, then special values, then missing).

    By bin: `values`, and whether training says anything of it (`is_known`).
    """

    groups: Codes
    values: Floats
    is_known: Bools


def merge_steps(feature: Fine, values: Floats, curvature: Floats, max_bins: int, price: float = PRICE) -> Merged:
    """Merge one feature's steps into at most `max_bins` bins.

    `curvature`: by fine code, the sum of weight x p (1 - p), which is what a squared step costs in log loss.
    Ordered codes merge with neighbours, categories with those of like value. Special and missing keep a bin
    each; one that no training row has is unknown. So is the code of rare and unseen categories where it has too few
    rows to say anything: it gets a bin of its own and the population's mean, 0.
    """
    seen = feature.weight > 0
    is_thin = not feature.is_ordered and feature.weight[feature.ordinary - 1] < LEAST_SHARE * feature.weight.sum()
    k = feature.ordinary - int(is_thin)
    rest = int(seen[feature.ordinary :].sum()) + int(is_thin)
    order = np.arange(k) if feature.is_ordered else np.argsort(np.where(seen[:k], values[:k], 0.0), kind="stable")
    weight, size = curvature[order], feature.weight[order]
    level = np.where(seen[order], values[order], 0.0)
    cuts = best_cuts(_losses(level, weight, size), max(max_bins - rest, 1), price) if k else []
    groups = np.empty(feature.size, dtype=np.int32)
    groups[order] = np.searchsorted(cuts, np.arange(k), side="right")
    groups[k:] = groups[:k].max(initial=-1) + 1 + np.arange(feature.size - k)
    known = curvature * seen * ~((np.arange(feature.size) == k) & is_thin)
    of_bin = summed(groups, known, int(groups.max()) + 1)
    by_bin = summed(groups, known * values, len(of_bin))
    return Merged(groups, np.where(of_bin > 0, by_bin / np.where(of_bin > 0, of_bin, 1.0), 0.0), of_bin > 0)


def _losses(level: Floats, weight: Floats, size: Floats) -> Floats:
    """Return the loss of each run i … j as one bin: its weighted squares about its mean.

    Too small a run is not allowed.
    """

    def sums(of: Floats) -> Floats:
        total = np.concatenate([[0.0], np.cumsum(of)])
        found: Floats = total[None, 1:] - total[:-1, None]
        return found

    w, s, q, n = sums(weight), sums(weight * level), sums(weight * level**2), sums(size)
    loss = np.maximum(q - s**2 / np.where(w > 0, w, 1.0), 0.0)
    k = len(level)
    is_run = np.arange(1, k + 1)[None, :] > np.arange(k)[:, None]
    is_large = n >= min(LEAST_SHARE * float(size.sum()), float(size.sum())) - 1e-9
    allowed = np.where(is_run & is_large, loss, np.inf)
    allowed[0, k - 1] = loss[0, k - 1]
    return allowed
