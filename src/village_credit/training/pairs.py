"""What two features say together beyond their sum: at most a few small grids, and none that left-out rows do not pay.

A pair is looked for in the rows of four fifths and judged on the other fifth, in turn; what each row is expected to be
comes from bags that never saw it. A pair stands where its cells, found and fitted without a row, lower the loss of
these rows by more than two standard errors. Its effects are apart from either feature's own, and as small as their
evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from village_credit.score.statistics import Bools, Floats
from village_credit.training.blend import Rows, row_loss
from village_credit.training.cuts import MOST_GROUPS, Axis, axis_of, bin_edges, changes, parted
from village_credit.training.fine import Codes, summed
from village_credit.training.ordered import Side, ordered_cells, own_steps, surest
from village_credit.training.points import Binned

LEAST_ROWS = 50  # of a cell that says anything
FEWEST_PAIRED = 2_000  # rows for pairs at all
FOLDS = 5
AGREED = 3  # folds that must find the same pair
STANDARD_ERRORS = 2.0  # by which the left-out loss must fall
SHRUNK_BY = 10.0  # bads' worth of the population, as in `woe`
LOOKED_INTO = 8  # pairs of the largest effects whose cuts are tried
PRICE = 2.0  # of a cell, in twice the loss: what one without an effect gains by chance
ROUNDS = 4  # of Newton's method
CENTRINGS = 20


@dataclass(frozen=True)
class Pair:
    """Two features (`first`, `second`: places) and their cells.

    `first_groups`, `second_groups`: each bin's group, or -1 where training says nothing of the bin. By cell, groups of
    the first × groups of the second: whole `points`, and training `rows` and `bads` by weight.
    """

    first: int
    second: int
    first_groups: Codes
    second_groups: Codes
    points: NDArray[np.int64]
    rows: Floats
    bads: Floats

    def points_of(self, first: Codes, second: Codes) -> NDArray[np.int64]:
        """Return each row's points by its bins of both features; shape (rows,)."""
        table = np.pad(self.points, ((0, 1), (0, 1)))  # group -1 is the last, and gives nothing
        found: NDArray[np.int64] = table[self.first_groups[first], self.second_groups[second]]
        return found


@dataclass(frozen=True)
class _Cut:
    """Two features and the group of each of their codes; -1 where training says nothing of a code."""

    first: int
    second: int
    groups: tuple[Codes, Codes]

    @property
    def names(self) -> tuple[int, int]:
        return self.first, self.second

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.groups[0].max()) + 1, int(self.groups[1].max()) + 1

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]

    def cells(self, codes: Codes) -> Codes:
        """Return each row's cell; one more than there are where a group is unknown."""
        first, second = self.groups[0][codes[:, self.first]], self.groups[1][codes[:, self.second]]
        found = np.where((first < 0) | (second < 0), self.size, first * self.shape[1] + second)
        return found.astype(np.int32)


def fit_pairs(
    rows: Rows, left_out: Floats, tables: Sequence[Binned], limits: tuple[int, int], points_per_odds: float, seed: int
) -> tuple[list[Binned], list[Pair]]:
    """Return pairs, the most telling first, and the features' bins, parted at every edge that a pair has.

    `left_out`: log odds of bad of each row by bags that never saw it; NaN where every bag did, and such rows are left
    aside. `tables`: the features' bins, on whose codes `rows` are. `limits`: pairs, and bins of a feature, at most.
    """
    judged = np.isfinite(left_out)
    if limits[0] < 1 or int(judged.sum()) < FEWEST_PAIRED or len(tables) < 2:
        return list(tables), []
    search = _Search(rows.part(np.flatnonzero(judged)), left_out[judged], tables, limits[1], seed)
    cuts: list[_Cut] = []
    while len(cuts) < limits[0] and (cut := search.next([one.names for one in cuts])) is not None:
        cuts.append(cut)
    bins = [parted(table, search.edges[at], rows.codes[:, at], rows) for at, table in enumerate(tables)]
    effects = [-points_per_odds * search.fitted[cut.names].reshape(cut.shape) for cut in cuts]
    return bins, [pair for pair in _whole(cuts, effects, bins, rows) if pair.points.any()]


class _Search:
    """Rows by code, what is expected of each, which fold judges it, and where features may be cut."""

    def __init__(self, rows: Rows, odds: Floats, tables: Sequence[Binned], most_bins: int, seed: int) -> None:
        self.rows, self.odds, self.tables, self.most_bins = rows, odds.copy(), tables, most_bins
        self.edges = [bin_edges(table) for table in tables]
        self.fitted: dict[tuple[int, int], Floats] = {}  # of each pair that stands, its cells' effects
        self.axes = [self._axis(at) for at in range(len(tables))]
        self.fold = np.random.default_rng(seed).permutation(len(odds)).astype(np.int32) % FOLDS
        self.shrunk_by = SHRUNK_BY * (1 - float(np.average(rows.is_bad, weights=rows.weight)))

    def next(self, known: Sequence[tuple[int, int]]) -> _Cut | None:
        """Return the next pair that stands, and expect its effect from now on; None where none does."""
        counted = self._counted(known)
        everywhere = self._best(counted, None)
        if everywhere is None:
            return None
        parts = [self._best(counted, fold) for fold in range(FOLDS)]
        agreed = [cut if cut is not None and cut.names == everywhere.names else None for cut in parts]
        gain = self._loss(self.odds) - self._loss(self.odds + self._left_out_effects(agreed))
        is_agreed = sum(cut is not None for cut in agreed) >= AGREED
        if not is_agreed or gain.mean() <= STANDARD_ERRORS * gain.std(ddof=1) / np.sqrt(len(gain)):
            return None
        self._accept(everywhere)
        return everywhere

    def _accept(self, cut: _Cut) -> None:
        cells = cut.cells(self.rows.codes)
        self.fitted[cut.names] = self.effects(cut, cells, np.ones(len(cells), dtype=np.bool_))
        self.odds += self._left_out_effects([cut] * FOLDS)
        for at, groups in zip(cut.names, cut.groups, strict=True):
            self.edges[at] |= changes(groups, self.tables[at])
            self.axes[at] = self._axis(at)

    def _loss(self, odds: Floats) -> Floats:
        return row_loss(odds, self.rows.is_bad, self.rows.weight)

    def _axis(self, at: int) -> Axis:
        return axis_of(self.tables[at], self.edges[at], self.most_bins)

    def _left_out_effects(self, cuts: Sequence[_Cut | None]) -> Floats:
        """Return each row's effect in log odds of bad, fitted without the rows of its fold."""
        found = np.zeros(len(self.odds))
        for fold, cut in enumerate(cuts):
            if cut is not None:
                part = self.fold == fold
                cells = cut.cells(self.rows.codes)
                found[part] = np.append(self.effects(cut, cells, ~part), 0.0)[cells[part]]
        return found

    def effects(self, cut: _Cut, cells: Codes, part: Bools) -> Floats:
        """Fit each cell's effect on part of the rows, apart from either feature's own; shape (cells,)."""
        at, odds, count = cells[part], self.odds[part], cut.size + 1
        is_bad, weight = self.rows.is_bad[part], self.rows.weight[part]
        effect, bend = np.zeros(count), np.zeros(count)
        for _ in range(ROUNDS):
            p = 1 / (1 + np.exp(-(odds + effect[at])))
            slope, bend = (summed(at, each, count) for each in (weight * (is_bad - p), weight * p * (1 - p)))
            step = (slope - self.shrunk_by * effect) / (bend + self.shrunk_by)
            effect[:-1] += np.clip(step[:-1], -1.0, 1.0)
        is_thin = summed(at, weight, count)[:-1] < LEAST_ROWS
        grid = np.where(is_thin, 0.0, effect[:-1]).reshape(cut.shape)
        return np.where(is_thin, 0.0, apart(grid, bend[:-1].reshape(cut.shape)).ravel())

    def _counted(self, known: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Floats]:
        """Return, of each pair not known yet, slope, bend and rows by fold and by both features' atoms."""
        p = 1 / (1 + np.exp(-self.odds))
        weight = self.rows.weight
        sums = weight * (self.rows.is_bad - p), weight * p * (1 - p), weight
        atoms: list[Codes] = [axis.atoms[self.rows.codes[:, at]] for at, axis in enumerate(self.axes)]
        usable = [at for at, axis in enumerate(self.axes) if len(axis.ways)]
        found = {}
        for one, two in combinations(usable, 2):
            if (one, two) not in known:
                shape = FOLDS, self.axes[one].ways.shape[2], self.axes[two].ways.shape[2]
                at = (self.fold * shape[1] + atoms[one]) * shape[2] + atoms[two]
                found[one, two] = np.stack([summed(at, each, int(np.prod(shape))).reshape(shape) for each in sums])
        return found

    def _best(self, counted: dict[tuple[int, int], Floats], without: int | None) -> _Cut | None:
        """Return the pair and cuts of the largest effects, in the rows of all folds but one."""
        kept = [fold for fold in range(FOLDS) if fold != without]
        sums = {pair: given[:, kept].sum(axis=1) for pair, given in counted.items()}
        rough = {pair: self._rough(slope, bend) for pair, (slope, bend, _) in sums.items()}
        first = sorted(rough, key=lambda pair: (-rough[pair], pair))[:LOOKED_INTO]
        tried = [(*self._cut(pair, *sums[pair]), pair) for pair in first]
        best = max(tried, key=lambda one: (one[0], one[3]), default=None)
        if best is None or best[0] <= 0:
            return None
        _, first_way, second_way, (one, two) = best
        return _Cut(one, two, (self.axes[one].groups(first_way), self.axes[two].groups(second_way)))

    def _rough(self, slope: Floats, bend: Floats) -> float:
        """Return the size of a pair's effects, uncut."""
        beyond = slope - bend * _own(slope, bend)
        return float((beyond**2 / (bend + self.shrunk_by)).sum())

    def _cut(self, pair: tuple[int, int], slope: Floats, bend: Floats, rows: Floats) -> tuple[float, int, int]:
        """Return what the best cuts of both features gain, each cell at its price, and the ways to cut."""
        one, two = (self.axes[at].ways for at in pair)
        left, right = one.reshape(-1, one.shape[2]), two.reshape(-1, two.shape[2]).T
        beyond = slope - bend * _own(slope, bend)
        g, h, n = (left @ given @ right for given in (beyond, bend, rows))
        gain = np.where(n >= LEAST_ROWS, g**2 / (h + self.shrunk_by) - PRICE, np.where(n > 0, -PRICE, 0.0))
        by_cut = gain.reshape(len(one), MOST_GROUPS, len(two), MOST_GROUPS).sum(axis=(1, 3))
        first, second = np.unravel_index(int(np.argmax(by_cut)), by_cut.shape)
        return float(by_cut[first, second]), int(first), int(second)


def apart(grid: Floats, weight: Floats) -> Floats:
    """Take from a grid what either side says alone, so that a row's or a column's mean is nothing."""
    found = grid.copy()
    for _ in range(CENTRINGS):
        found -= _mean(found, weight, 1)
        found -= _mean(found, weight, 0)
    return found


def _own(slope: Floats, bend: Floats) -> Floats:
    """Return what either side alone explains of the slopes, per bend."""
    grid = slope / np.where(bend > 0, bend, 1.0)
    return grid - apart(grid, bend)


def _mean(grid: Floats, weight: Floats, axis: int) -> Floats:
    total = weight.sum(axis=axis, keepdims=True)
    found: Floats = (grid * weight).sum(axis=axis, keepdims=True) / np.where(total > 0, total, 1.0)
    return found


def _whole(cuts: Sequence[_Cut], effects: Sequence[Floats], tables: Sequence[Binned], rows: Rows) -> list[Pair]:
    """Round pairs to whole points, each in the order that its features and the pairs before it leave."""
    steps = [own_steps(table) for table in tables]
    found = []
    for cut, points in zip(cuts, effects, strict=True):
        at = cut.cells(rows.codes)
        counted = (rows.weight, rows.weight * rows.is_bad)
        counts = [summed(at, each, cut.size + 1)[:-1].reshape(cut.shape) for each in counted]
        first, second = (
            Side(tables[place], _by_bin(tables[place], groups), steps[place])
            for place, groups in zip(cut.names, cut.groups, strict=True)
        )
        cells = ordered_cells(points, counts[0], (first, second))
        steps[cut.first], steps[cut.second] = surest(first, cells), surest(second, cells.T)
        found.append(Pair(*cut.names, first.groups, second.groups, cells, counts[0], counts[1]))
    return found


def _by_bin(table: Binned, groups: Codes) -> Codes:
    found = np.full(len(table.points), -1, dtype=np.int32)
    found[table.groups] = groups
    return found
