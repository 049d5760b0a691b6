"""Every feature's steps become few bins of whole points, fitted to each other, and none speaks against its neighbour.

Bins of one feature are found by its own steps alone (`merge`). What a bin loses of its steps, others may make good:
each bin's points go half the way to what the sum of all features still lacks there, feature by feature, in whole
points, so that rounding does not add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import isotonic_regression

from village_credit.score.statistics import Bools, Floats, share_intervals
from village_credit.training.fine import Codes, Fine, summed
from village_credit.training.merge import Merged, merge_steps
from village_credit.training.smooth import Steps

TOLD, MERGED = "tell", "merge"  # what becomes of bins whose defaults speak against their points
PASSES = 3
OWN_SHARE = 0.5  # of a feature's own steps in its bins' points; the rest is what the whole sum still lacks
ROUNDS = 6  # of Newton's method
LEAST_BEND = 0.05  # of a bin without a bad or a good row, so that its effect stays finite
WIDTH = 1.959963984540054
EXPLAINED = 1.0  # standard errors by which the defaults, given all other features, must speak for the points


@dataclass
class Binned:
    """One feature's bins while they are fitted: `groups` gives each fine code's bin, ordinary bins first.

    `is_strict`: no bin has more points than one with fewer defaults. By bin: rows, bads and curvature by weight, the
    mean of its own steps, whether training says anything of it, and points.
    """

    feature: Fine
    way: int
    is_strict: bool
    groups: Codes
    rows: Floats
    bads: Floats
    curvature: Floats
    own: Floats
    is_known: Bools
    points: Floats

    @property
    def ordinary(self) -> int:
        """How many bins ordinary values have."""
        return int(self.groups[: self.feature.ordinary].max()) + 1


@dataclass(frozen=True)
class Sample:
    """Training rows as the points see them.

    `bend` is what a squared point costs in log loss: weight x p (1 - p), over the square of `points_per_odds`.
    """

    codes: Codes
    is_bad: Floats
    weight: Floats
    bend: Floats
    points_per_odds: float


def fit_points(
    sample: Sample,
    steps: Steps,
    features: Sequence[Fine],
    ways: Sequence[int],
    max_bins: int,
    contradictions: str = TOLD,
) -> list[Binned]:
    """Return the bins of every feature with whole points; `steps` are in points of good.

    Neighbours whose defaults, given all other features, speak against their points are merged. With `contradictions`
    TOLD so are those whose defaults as they stand on the page do, unless the other features explain it; with MERGED no
    bin of a feature has more points than another with fewer defaults.
    """
    tables: list[Binned] = []
    lacking = np.zeros(len(sample.codes))
    for place, feature in enumerate(features):
        column, values = sample.codes[:, place], steps.values[place]
        way = ways[place] if feature.is_ordered else 0
        merged = _merged(sample, column, feature, values, lacking, max_bins)
        table = _binned(sample, column, feature, values, merged, way, is_strict=contradictions == MERGED)
        lacking += _centred(sample, values[column]) - table.points[table.groups[column]]
        tables.append(table)
    _refine(sample, tables, lacking)
    while _merge_all(sample, tables, contradictions):
        _refine(sample, tables, _lacking(sample, steps, tables))
    return tables


def _merged(sample: Sample, column: Codes, feature: Fine, values: Floats, lacking: Floats, max_bins: int) -> Merged:
    """Find a feature's bins, by its own steps and what the features before it lack."""
    curvature = summed(column, sample.bend, feature.size)
    told = _means(summed(column, sample.bend * lacking, feature.size), curvature)
    return merge_steps(feature, values + (1 - OWN_SHARE) * told, curvature, max_bins)


def _binned(
    sample: Sample, column: Codes, feature: Fine, values: Floats, merged: Merged, way: int, *, is_strict: bool
) -> Binned:
    """Count what lies in each bin; where nothing may contradict a promised direction, its bins' defaults do not."""
    count = len(merged.values)
    places = merged.groups[column]
    curvature = summed(places, sample.bend, count)
    own = _means(summed(places, sample.bend * values[column], count), curvature)
    rows, bads = (summed(places, one, count) for one in (sample.weight, sample.weight * sample.is_bad))
    table = Binned(feature, way, is_strict, merged.groups, rows, bads, curvature, own, merged.is_known, np.zeros(count))
    table.points = _whole(table, merged.values)
    while way and is_strict and _merge_first(table, np.diff(_rates(table)[: table.ordinary]) * way < 0):
        pass
    return table


def _rates(table: Binned) -> Floats:
    return _means(table.bads, table.rows)


def _lacking(sample: Sample, steps: Steps, tables: Sequence[Binned]) -> Floats:
    """Return by row what the points lack of the steps."""
    found = np.zeros(len(sample.codes))
    for place, table in enumerate(tables):
        column = sample.codes[:, place]
        found += _centred(sample, steps.values[place][column]) - table.points[table.groups[column]]
    return found


def _means(total: Floats, of: Floats) -> Floats:
    found: Floats = np.where(of > 0, total / np.where(of > 0, of, 1.0), 0.0)
    return found


def _centred(sample: Sample, given: Floats) -> Floats:
    found: Floats = given - (sample.weight @ given) / sample.weight.sum()
    return found


def _refine(sample: Sample, tables: Sequence[Binned], lacking: Floats) -> None:
    """Move every feature's points, in turn, towards what the sum of all lacks in each bin."""
    places = [table.groups[sample.codes[:, place]] for place, table in enumerate(tables)]
    for _ in range(PASSES):
        for table, at in zip(tables, places, strict=True):
            count = len(table.points)
            told = table.points + _means(summed(at, sample.bend * lacking, count), table.curvature)
            points = _whole(table, OWN_SHARE * table.own + (1 - OWN_SHARE) * told)
            lacking += (table.points - points)[at]
            table.points = points


def _whole(table: Binned, values: Floats) -> Floats:
    """Centre on the population, keep the promised direction, and round.

    A bin of which training says nothing gets 0. A missing value never earns more than the best that is known; where the
    committee says which way is good, what is unknown is not good, and it earns nothing.
    """
    weight = np.where(table.is_known, table.rows, 0.0)
    centred = np.where(table.is_known, values - (weight @ values) / max(float(weight.sum()), 1e-12), 0.0)
    if table.way:
        part = slice(0, table.ordinary)
        bend = np.maximum(table.curvature[part], 1e-12)
        centred[part] = isotonic_regression(centred[part], sample_weight=bend, increasing=table.way < 0)
        centred[-1] = min(centred[-1], 0.0)
    elif table.is_strict:
        order = np.flatnonzero(table.is_known)[np.argsort(_rates(table)[table.is_known], kind="stable")]
        centred[order] = isotonic_regression(
            centred[order], sample_weight=np.maximum(table.curvature[order], 1e-12), increasing=False
        )
    known = centred[:-1][table.is_known[:-1]]
    centred[-1] = min(centred[-1], known.max()) if len(known) else 0.0
    found: Floats = np.rint(centred) + 0.0
    return found


def _merge_all(sample: Sample, tables: Sequence[Binned], contradictions: str) -> bool:
    """Merge one pair of neighbours of each feature that has such as contradict each other; say whether any had."""
    found = _found(sample, tables, contradictions)
    return sum(_merge_first(table, one) for table, one in zip(tables, found, strict=True)) > 0


def _found(sample: Sample, tables: Sequence[Binned], contradictions: str) -> list[Bools]:
    """Say of each feature's neighbouring bins whether they contradict each other."""
    places = [table.groups[sample.codes[:, place]] for place, table in enumerate(tables)]
    total = np.sum([table.points[at] for table, at in zip(tables, places, strict=True)], axis=0)
    found = []
    for table, at in zip(tables, places, strict=True):
        part = slice(0, table.ordinary)
        effect, error = _effects(sample, (table.points[at] - total) / sample.points_per_odds, at, len(table.points))
        is_one = table.is_known[part][1:] & table.is_known[part][:-1]
        against = against_effects(table.points[part], effect[part], error[part])
        is_plain = against_rates(table.points[part], table.rows[part], table.bads[part])
        is_explained = (against < -EXPLAINED) & (contradictions == TOLD)
        found.append(is_one & ((against > WIDTH) | (is_plain & ~is_explained)))
    return found


def _effects(sample: Sample, others: Floats, at: Codes, count: int) -> tuple[Floats, Floats]:
    """Fit each bin's log odds of bad given all other features' (`others`, by row), and its standard error."""
    effect, bend = np.zeros(count), np.ones(count)
    usual = float(np.average(sample.is_bad, weights=sample.weight))
    effect += np.log(usual / (1 - usual)) - float(np.average(others, weights=sample.weight))
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-(others + effect[at])))
        bend = summed(at, sample.weight * p * (1 - p), count) + LEAST_BEND
        effect = effect + np.clip(summed(at, sample.weight * (sample.is_bad - p), count) / bend, -1.0, 1.0)
    return effect, 1 / np.sqrt(bend)


def against_effects(points: Floats, effect: Floats, error: Floats) -> Floats:
    """Say by how many standard errors the one of two neighbouring bins with more points is the riskier one."""
    found: Floats = np.sign(np.diff(points)) * np.diff(effect) / np.sqrt(error[1:] ** 2 + error[:-1] ** 2)
    return found


def against_rates(points: Floats, rows: Floats, bads: Floats) -> Bools:
    """Say of neighbouring bins whether the one with more points has more defaults than either's interval allows."""
    rate = bads / np.where(rows > 0, rows, 1.0)
    low, high = share_intervals(bads, rows)
    worse = np.diff(rate)
    is_later = (worse > 0) & ((rate[1:] > high[:-1]) | (rate[:-1] < low[1:]))
    is_earlier = (worse < 0) & ((rate[:-1] > high[1:]) | (rate[1:] < low[:-1]))
    found: Bools = (np.sign(np.diff(points)) * worse > 0) & (is_later | is_earlier)
    return found


def _merge_first(table: Binned, found: Bools) -> bool:
    """Merge the first neighbours that contradict each other; say whether there were any."""
    if not found.any():
        return False
    at = int(np.argmax(found))
    total = table.own * table.curvature
    table.groups = np.where(table.groups > at, table.groups - 1, table.groups).astype(np.int32)
    table.rows, table.bads, table.curvature, total = (
        _joined(given, at) for given in (table.rows, table.bads, table.curvature, total)
    )
    table.own, table.is_known = _means(total, table.curvature), np.delete(table.is_known, at)
    table.points = _whole(table, table.own)
    return True


def _joined(given: Floats, at: int) -> Floats:
    """Add an entry's neighbour to it."""
    found: Floats = np.concatenate([given[:at], [given[at] + given[at + 1]], given[at + 2 :]])
    return found
