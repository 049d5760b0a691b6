"""A feature's values and labels become few bins whose bad rates move as the committee expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Direction = Literal["falls", "rises", "free"]

FIRST_BINS = 20  # quantiles before merging
MAX_BINS = 6
MIN_SHARE = 0.05  # of known values in a bin
SMOOTHING = 0.5  # added to the population's goods and bads, so that no rate is 0 or 1
SHRINKAGE = 250.0  # households of the population's odds added to each bin: small bins say little
SIGNIFICANT = 4  # digits of an edge that a person reads


@dataclass(frozen=True)
class Binned:
    """Inner edges (a value on an edge belongs above it), the weight of evidence per bin, and of missing."""

    edges: list[float]
    woe: list[float]
    missing_woe: float

    def transform(self, values: Floats) -> Floats:
        """Replace each value by its bin's weight of evidence (log odds of good against the population's)."""
        index = np.searchsorted(np.array(self.edges), values, side="right")
        known = np.array(self.woe)[np.minimum(index, len(self.woe) - 1)]
        return np.where(np.isnan(values), self.missing_woe, known)


def bin_feature(values: Floats, is_bad: NDArray[np.bool_], direction: Direction) -> Binned:
    """Bin one feature: quantiles, then merged until the bins are few, large and monotone where asked."""
    known = ~np.isnan(values)
    usual = float((is_bad.sum() + SMOOTHING) / (len(is_bad) + 2 * SMOOTHING))
    edges = _first_edges(values[known])
    while edges:
        goods, bads = _counts(values[known], is_bad[known], edges)
        worst = _pair_to_merge(goods, bads, usual, direction)
        if worst is None:
            break
        edges.pop(worst)
    goods, bads = _counts(values[known], is_bad[known], edges)
    missing = (float((~is_bad[~known]).sum()), float(is_bad[~known].sum()))
    missing_woe = _woe(*missing, usual) if sum(missing) >= MIN_SHARE * len(values) else 0.0
    return Binned(edges, [_woe(good, bad, usual) for good, bad in zip(goods, bads, strict=True)], missing_woe)


def _first_edges(known: Floats) -> list[float]:
    if known.size == 0:
        return []
    quantiles = np.quantile(known, np.linspace(0, 1, FIRST_BINS + 1)[1:-1])
    rounded = {float(f"{edge:.{SIGNIFICANT}g}") for edge in quantiles}
    return sorted(edge for edge in rounded if known.min() < edge <= known.max())


def _counts(values: Floats, is_bad: NDArray[np.bool_], edges: list[float]) -> tuple[Floats, Floats]:
    index = np.searchsorted(np.array(edges), values, side="right")
    bads = np.bincount(index, weights=is_bad.astype(float), minlength=len(edges) + 1)
    every = np.bincount(index, minlength=len(edges) + 1).astype(float)
    return every - bads, bads.astype(float)


def _woe(good: float, bad: float, usual: float) -> float:
    """Log odds of good against the population's, shrunk towards them."""
    rate = _shrunk(bad, good + bad, usual)
    return float(np.log((1 - rate) / rate) - np.log((1 - usual) / usual))


def _shrunk(bad: Any, size: Any, usual: float) -> Any:
    """Bad rate after adding households of the usual rate; bins are ordered by it, so that points are too."""
    return (bad + SHRINKAGE * usual) / (size + SHRINKAGE)


def _pair_to_merge(goods: Floats, bads: Floats, usual: float, direction: Direction) -> int | None:
    """Give the edge to drop next: of a bin too small, of a step the wrong way, or of the least difference."""
    sizes = goods + bads
    steps = np.diff(_shrunk(bads, sizes, usual))
    small = np.minimum(sizes[:-1], sizes[1:]) < MIN_SHARE * sizes.sum()
    if small.any():
        return int(np.argmin(np.where(small, np.abs(steps), np.inf)))
    if direction != "free":
        wrong = steps >= 0 if direction == "falls" else steps <= 0
        if wrong.any():
            return int(np.argmax(np.where(wrong, np.abs(steps) + 1e-12, -1.0)))
    if len(sizes) > MAX_BINS:
        evidence = np.abs(steps) * np.sqrt(sizes[:-1] * sizes[1:] / (sizes[:-1] + sizes[1:]))
        return int(np.argmin(evidence))
    return None
