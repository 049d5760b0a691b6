"""A scorecard's points become the nearest values of one feature that would score more, everything else as it stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from village_credit.score.apply import bin_places
from village_credit.score.scorecard import FeaturePoints, Scorecard

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Edge:
    """A bin of a feature that is entered at `value`: from there on, or with `is_below` below it."""

    value: float
    is_below: bool
    points: int


def edges(feature: FeaturePoints) -> list[Edge]:
    """Return where each bin of ordinary numbers begins for whoever comes from the worse side, the least change first.

    Nothing of a feature whose direction is free: nobody can say which way is better.
    """
    ranges = feature.ranges
    if feature.direction == "free" or feature.is_category:
        return []
    if feature.direction == "falls":
        starts = [None, *(one.below for one in ranges[:-1])]
        return [Edge(at, False, one.points) for at, one in zip(starts, ranges, strict=True) if at is not None]
    return [Edge(one.below, True, one.points) for one in reversed(ranges) if one.below is not None]


def points_at(feature: FeaturePoints, values: NDArray[np.float64]) -> Ints:
    """Return the points of values, missing (NaN) among them."""
    given = np.array([*(one.points for one in feature.bins), feature.missing.points], dtype=np.int64)
    found: Ints = given[bin_places(feature, pa.array(values, pa.float64(), from_pandas=False))]
    return found


def probability_at(card: Scorecard, totals: Ints) -> Ints:
    """Return the default probability of whole scores, ppm."""
    table = np.array(card.probability.ppm, dtype=np.int64)
    found: Ints = table[np.clip(totals - card.probability.from_points, 0, len(table) - 1)]
    return found
