"""Delivered values become fine codes with edges that a person reads: ordinary values, special ones, missing.

A feature's codes: 0 … k-1 for ordinary values (ranges in rising order, or categories, the last of which is every
rare or unseen one), then one for each special value, then one for a missing value.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from village_credit.score.scorecard import MISSING_WORDS
from village_credit.score.statistics import Floats

Codes = NDArray[np.int32]

FINE_RANGES = 48  # ranges of a numeric feature before any merging
FINER_RANGES = 208  # of quantiles that the finer grid adds: with the 48 at most 255, which is what trees take
RARE_SHARE = 0.01  # of the weight: a category below it is `other`
SLACK = 0.25  # of the way to the next quantile that an edge may move to be a rounder number


@dataclass(frozen=True)
class Fine:
    """One feature's fine codes. `edges`: inner edges, a value on an edge belongs above it; or `levels`: categories."""

    name: str
    edges: Floats
    levels: tuple[Any, ...] | None = None
    special: tuple[float, ...] = ()
    weight: Floats = field(default_factory=lambda: np.zeros(0))  # of training rows, by code

    @property
    def ordinary(self) -> int:
        """How many codes ordinary values have; the last category is `other`."""
        return len(self.edges) + 1 if self.levels is None else len(self.levels) + 1

    @property
    def size(self) -> int:
        """How many codes there are; the last is missing."""
        return self.ordinary + len(self.special) + 1

    @property
    def is_ordered(self) -> bool:
        """Say whether ordinary codes rise with a number."""
        return self.levels is None

    def codes(self, values: NDArray[Any]) -> Codes:
        """Code one column (numbers with NaN for missing, or objects with None); shape (rows,)."""
        if self.levels is not None:
            place = {level: code for code, level in enumerate(self.levels)}
            other, missing = len(self.levels), self.size - 1
            words = (missing if is_blank(value) else place.get(value, other) for value in values.tolist())
            return np.fromiter(words, dtype=np.int32, count=len(values))
        numbers = values.astype(np.float64)
        found = np.searchsorted(self.edges, numbers, side="right").astype(np.int32)
        for index, special in enumerate(self.special):
            found[numbers == special] = self.ordinary + index
        found[np.isnan(numbers)] = self.size - 1
        return found


def summed(places: NDArray[np.int32], weight: Floats, size: int) -> Floats:
    """Sum weights by place; shape (size,)."""
    return np.bincount(places, weights=weight, minlength=size).astype(np.float64)


def is_blank(value: Any) -> bool:
    """Say whether a category is missing: None, NaN, pandas' NA and NaT, or the word that another type writes for it."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    if isinstance(value, str):
        return value.strip() in MISSING_WORDS
    return bool(value != value)  # noqa: PLR0124  # NaN is not itself


def make_fine(
    name: str,
    values: NDArray[Any],
    weight: Floats,
    *,
    is_category: bool,
    special: Sequence[float] = (),
    ranges: int = FINE_RANGES,
) -> Fine:
    """Find a feature's fine codes from its training column; weights of the rows decide quantiles and what is rare."""
    if is_category:
        fine = Fine(name, np.zeros(0), _levels(values, weight))
    else:
        numbers = values.astype(np.float64)
        known = ~np.isnan(numbers) & ~np.isin(numbers, list(special))
        fine = Fine(name, _edges(numbers[known], weight[known], ranges), None, tuple(map(float, special)))
    return Fine(fine.name, fine.edges, fine.levels, fine.special, summed(fine.codes(values), weight, fine.size))


def finer(coarse: Fine, values: NDArray[Any], weight: Floats) -> Fine:
    """Add edges between those of a numeric feature, from its training column; a category stays as it is."""
    if coarse.levels is not None:
        return coarse
    numbers = values.astype(np.float64)
    known = ~np.isnan(numbers) & ~np.isin(numbers, list(coarse.special))
    edges = np.union1d(coarse.edges, _edges(numbers[known], weight[known], FINER_RANGES))
    fine = Fine(coarse.name, edges, None, coarse.special)
    return Fine(fine.name, edges, None, fine.special, summed(fine.codes(values), weight, fine.size))


def coarser_codes(fine: Fine, coarse: Fine) -> Codes:
    """Return each code's code in a grid whose edges are among the finer one's; shape (fine.size,)."""
    ordinary = np.concatenate([[0], np.searchsorted(coarse.edges, fine.edges, side="right")])
    if fine.levels is not None:
        ordinary = np.arange(fine.ordinary)
    rest = np.arange(fine.size - fine.ordinary) + coarse.ordinary
    return np.concatenate([ordinary, rest]).astype(np.int32)


def _levels(values: NDArray[Any], weight: Floats) -> tuple[Any, ...]:
    """Name the categories that are not rare, in order of their text."""
    total: dict[Any, float] = {}
    for value, size in zip(values.tolist(), weight.tolist(), strict=True):
        if not is_blank(value):
            total[value] = total.get(value, 0.0) + size
    least = RARE_SHARE * sum(total.values())
    return tuple(sorted((level for level, size in total.items() if size >= least), key=str))


def _edges(known: Floats, weight: Floats, ranges: int) -> Floats:
    """Put an edge between any two values where they are few, else near quantiles, each as round as it can be."""
    if known.size == 0:
        return np.zeros(0)
    order = np.argsort(known, kind="stable")
    values, starts = np.unique(known[order], return_index=True)
    if len(values) <= ranges:
        return np.array([roundest(low, high) for low, high in pairwise(values.tolist())])
    share = np.cumsum(np.add.reduceat(weight[order], starts))
    places = np.searchsorted(share, np.linspace(0, share[-1], ranges + 1)[1:-1])
    chosen = np.unique(values[np.clip(places, 1, len(values) - 1)])
    found: list[float] = []
    for index, edge in enumerate(chosen):
        below = float(values[np.searchsorted(values, edge) - 1])
        low = chosen[index - 1] if index else values[0]
        high = chosen[index + 1] if index + 1 < len(chosen) else values[-1]
        found.append(roundest(min(below, edge - SLACK * (edge - low)), float(edge + SLACK * (high - edge))))
    return np.unique(np.array(found))


def roundest(low: float, high: float) -> float:
    """Return the number with the fewest digits in (low, high]; the larger in amount on a tie."""
    if low < 0 <= high:
        return 0.0
    for digits in range(1, 17):
        edge = _rounded_down(high, digits)
        if low < edge <= high:
            return edge
    return high


def _rounded_down(value: float, digits: int) -> float:
    """Cut a number, towards minus infinity, after so many significant digits."""
    if value == 0:
        return 0.0
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if places > sys.float_info.max_10_exp:
        return value  # so small that no power of ten brings it to whole numbers: nobody writes it rounder
    # through text, so that 0.3 is the double that a reader of "0.3" gets
    scaled = math.floor(value * 10.0**places) if places >= 0 else math.floor(value / 10.0**-places)
    return float(f"{scaled}e{-places}")
