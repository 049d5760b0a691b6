"""A scorecard's points become the nearest values of one feature that would score more, everything else as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from village_credit.score.apply import bin_places
from village_credit.score.scorecard import FeaturePoints, Scorecard, cell_points

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Edge:
    """A bin of a feature (`place` in its list) that is entered at `value`: from there on, or with `is_below` below."""

    value: float
    is_below: bool
    place: int


def edges(feature: FeaturePoints) -> list[Edge]:
    """Return where each bin of ordinary numbers begins for whoever comes from the worse side, the least change first.

    Nothing of a feature whose direction is free: nobody can say which way is better.
    """
    ranges = feature.ranges
    if feature.direction == "free" or feature.is_category:
        return []
    if feature.direction == "falls":
        return [Edge(one.below, False, at + 1) for at, one in enumerate(ranges) if one.below is not None]
    return [Edge(one.below, True, at) for at, one in reversed([*enumerate(ranges)]) if one.below is not None]


def bins_at(feature: FeaturePoints, values: NDArray[np.float64]) -> Ints:
    """Return the bins of values, missing (NaN) among them, by their place in the scorecard."""
    return bin_places(feature, pa.array(values, pa.float64(), from_pandas=False)).astype(np.int64)


def points_with(card: Scorecard, name: str, bins: Ints, others: Mapping[str, Ints]) -> Ints:
    """Return the points of bins of a feature, those of its pairs included.

    `others`: of every feature that shares a pair with it, the bins as they stand.
    """
    feature = next(one for one in card.features if one.name == name)
    given = np.array([*(one.points for one in feature.bins), feature.missing.points], dtype=np.int64)
    found: Ints = given[bins]
    for pair in card.pairs:
        if name in {pair.first, pair.second}:
            grid = np.array(cell_points(card, pair, name), dtype=np.int64)
            found = found + grid[bins, others[pair.second if name == pair.first else pair.first]]
    return found


def probability_at(card: Scorecard, totals: Ints) -> Ints:
    """Return the default probability of whole scores, ppm."""
    table = np.array(card.probability.ppm, dtype=np.int64)
    found: Ints = table[np.clip(totals - card.probability.from_points, 0, len(table) - 1)]
    return found
