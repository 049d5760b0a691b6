"""Step functions over many fine codes become few bins, by the least loss, and whole points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from village_credit.score.statistics import Floats
from village_credit.training.fine import Codes, Fine, summed
from village_credit.training.woe import best_cuts

# of one more bin, in curvature x squared step: twice what it saves in log loss; a page is short where it can be
PRICE = 0.05
LEAST_SHARE = 0.01  # of the weight, in a bin of ordinary values: fewer rows are no evidence


@dataclass(frozen=True)
class Merged:
    """`groups`: each fine code's bin (ordinary bins from 0, then special values, then missing); `values` by bin."""

    groups: Codes
    values: Floats


def merge_steps(feature: Fine, values: Floats, curvature: Floats, max_bins: int, price: float = PRICE) -> Merged:
    """Merge one feature's steps into at most `max_bins` bins.

    `curvature`: by fine code, the sum of weight x p (1 - p), which is what a squared step costs in log loss.
    Ordered codes merge with neighbours, categories with those of like value. Special and missing keep a bin
    each; one that no training row has gets 0, the population's mean, as do codes without rows: so does the code of
    categories that training never saw, where it had no rare ones either.
    """
    seen = feature.weight > 0
    is_unseen = not feature.is_ordered and not seen[feature.ordinary - 1]
    k = feature.ordinary - int(is_unseen)
    rest = int(seen[k:].sum()) + int(is_unseen)
    order = np.arange(k) if feature.is_ordered else np.argsort(np.where(seen[:k], values[:k], 0.0), kind="stable")
    weight, size = curvature[order], feature.weight[order]
    level = np.where(seen[order], values[order], 0.0)
    cuts = best_cuts(_losses(level, weight, size), max(max_bins - rest, 1), price)
    groups = np.empty(feature.size, dtype=np.int32)
    groups[order] = np.searchsorted(cuts, np.arange(k), side="right")
    count = len(cuts) + 1
    groups[k:] = count + np.arange(feature.size - k)
    by_bin = summed(groups, curvature * np.where(seen, values, 0.0), count + feature.size - k)
    of_bin = summed(groups, curvature, len(by_bin))
    return Merged(groups, np.where(of_bin > 0, by_bin / np.where(of_bin > 0, of_bin, 1.0), 0.0))


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
