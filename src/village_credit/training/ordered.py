"""A pair's cells keep what their features promise: with the rest as it is, a better value never has fewer points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

from village_credit.score.statistics import Floats
from village_credit.training.fine import Codes
from village_credit.training.points import Binned

PROJECTIONS = 50  # of Dykstra's method, between the orders of both features
LEAST_WEIGHT = 1e-3  # of a cell without rows, so that it follows its neighbours


@dataclass(frozen=True)
class Side:
    """One feature of a pair: its bins, each bin's group (-1: none), and how its points step from bin to bin.

    `steps` are between neighbouring ordinary bins, those of earlier pairs included at their least for the direction.
    """

    table: Binned
    groups: Codes
    steps: Floats


def own_steps(table: Binned) -> Floats:
    """Return how a feature's own points step between neighbouring ordinary bins."""
    found: Floats = np.diff(table.points[: table.ordinary])
    return found


def surest(side: Side, cells: NDArray[np.int64]) -> Floats:
    """Return a feature's steps with those of a pair (its groups × the other's) at their least for its direction."""
    grid = np.pad(cells, ((0, 1), (0, 0)))[side.groups[: side.table.ordinary]]
    grid = np.column_stack([grid, np.zeros(len(grid), dtype=np.int64)])  # beside a bin that has no group
    steps = np.diff(grid, axis=0)
    found: Floats = side.steps + (steps.max(axis=1) if side.table.way > 0 else steps.min(axis=1))
    return found


def ordered_cells(points: Floats, rows: Floats, sides: tuple[Side, Side]) -> NDArray[np.int64]:
    """Round a pair's points so that those of cell and own bin together keep the order of both features.

    What is missing earns nothing where its feature has a direction, and nowhere more than the best that is known.
    """
    first, second = (_Axis(side) for side in sides)
    weight = rows + LEAST_WEIGHT
    found = _in_order(points, weight, first, second)
    found = _in_order(np.rint(found), weight, first, second, is_last=True)
    found = second.capped(first.capped(second.capped(found.T).T).T).T  # the corner of both missing is bound by either
    return found.astype(np.int64)


class _Axis:
    """One feature's groups in a pair. `level`: how far its own points have stepped at each of its ordinary groups."""

    def __init__(self, side: Side) -> None:
        table, groups = side.table, side.groups
        ordinary = [at for at in range(table.ordinary) if groups[at] >= 0]
        self.count = int(groups[ordinary].max()) + 1 if ordinary else 0
        self.is_turned = table.way > 0  # the probability of default rises with the value: the last is the worst
        self.is_directed = bool(table.way) and self.count > 1
        self.has_direction = bool(table.way)
        last = [max(at for at in ordinary if groups[at] == group) for group in range(self.count)]
        steps = [side.steps[at] for at in last[:-1]]
        self.level = np.concatenate([[0.0], np.cumsum(steps)]) if self.count else np.zeros(0)
        self.own = table.points
        self.groups = groups

    def monotone(self, grid: Floats, weight: Floats, *, is_last: bool) -> Floats:
        """Bring the ordinary groups (rows of the grid) into order, their own points included."""
        if not self.is_directed:
            return grid
        found = grid.copy()
        turn = slice(None, None, -1) if self.is_turned else slice(None)
        part = (grid[: self.count] + self.level[:, None])[turn]
        if is_last:
            part = np.maximum.accumulate(part, axis=0)
        else:
            heavy = weight[: self.count][turn]
            part = np.column_stack(
                [isotonic_regression(part[:, at], sample_weight=heavy[:, at]) for at in range(part.shape[1])]
            )
        found[: self.count] = part[turn] - self.level[:, None]
        return found

    def capped(self, grid: Floats) -> Floats:
        """Let what is missing earn no more than the best that is known, and nothing where there is a direction."""
        missing = self.groups[-1]
        if missing < 0:
            return grid
        found = grid.copy()
        if self.has_direction:
            found[missing] = np.minimum(found[missing], 0.0)
        known = [at for at in range(len(self.own) - 1) if self.groups[at] >= 0]
        if known:
            best = (self.own[known][:, None] + grid[self.groups[known]]).max(axis=0)
            found[missing] = np.minimum(found[missing], best - self.own[-1])
        return found


def _in_order(points: Floats, weight: Floats, first: _Axis, second: _Axis, *, is_last: bool = False) -> Floats:
    """Project onto both orders in turn (Dykstra 1983): the nearest grid that keeps both."""
    if not (first.is_directed and second.is_directed) or is_last:
        found = first.monotone(points, weight, is_last=is_last)
        return second.monotone(found.T, weight.T, is_last=is_last).T
    found, lacks = points, [np.zeros_like(points), np.zeros_like(points)]
    for _ in range(PROJECTIONS):
        given = found + lacks[0]
        found = first.monotone(given, weight, is_last=False)
        lacks[0] = given - found
        given = found + lacks[1]
        found = second.monotone(given.T, weight.T, is_last=False).T
        lacks[1] = given - found
    return found
