"""Where a feature may be cut for a pair: at the edges of its bins, and between them where there is room for more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from village_credit.score.statistics import Bools, Floats
from village_credit.training.blend import Rows
from village_credit.training.fine import Codes, summed
from village_credit.training.points import Binned

MOST_EDGES = 9  # between values of a feature at which it may be cut
MOST_GROUPS = 4  # of one feature in a pair, its special and missing values among them


@dataclass(frozen=True)
class Axis:
    """How one feature may be cut. `atoms`: by code, the finest parts, ordinary ones in order, then the others.

    `ways`: every way to part them into groups, ways × groups × atoms, 1 where a group has an atom.
    """

    atoms: Codes
    ways: Floats

    def groups(self, way: int) -> Codes:
        """Return each code's group; -1 where it has none."""
        of_atom = np.where(self.ways[way].any(axis=0), self.ways[way].argmax(axis=0), -1)
        return of_atom[self.atoms].astype(np.int32)


def changes(groups: Codes, table: Binned) -> Bools:
    """Say before which ordinary codes a new group begins; shape (ordinary codes,)."""
    found = np.zeros(table.feature.ordinary, dtype=np.bool_)
    found[1:] = np.diff(groups[: table.feature.ordinary]) != 0
    return found


def bin_edges(table: Binned) -> Bools:
    """Say before which ordinary codes a bin begins; a category's codes have no order, and nothing begins."""
    return changes(table.groups if table.feature.is_ordered else np.zeros_like(table.groups), table)


def axis_of(table: Binned, edges: Bools, most_bins: int) -> Axis:
    """Find how a feature may be cut: at the edges of its bins, and where there is room for more bins, between them.

    Where no bin may contradict another (`is_strict`) one is parted only if it is alone: parts have its points, and
    defaults of their own.
    """
    if not table.feature.is_ordered:
        known = table.is_known[: table.ordinary]
        return Axis(table.groups, _ways(table, np.flatnonzero(known), table.ordinary, np.ones(table.ordinary), 0))
    rest = len(table.points) - table.ordinary
    is_whole = table.is_strict and table.ordinary > 1
    room = 0 if is_whole else max(most_bins - int(edges.sum()) - 1 - int(table.is_known[-rest:].sum()), 0)
    begins = edges | (_quantiles(table, MOST_EDGES - int(edges.sum())) if room else False)
    ordinary = np.cumsum(begins)
    count = int(ordinary[-1]) + 1
    atoms = np.concatenate([ordinary, count + np.arange(rest)]).astype(np.int32)
    return Axis(atoms, _ways(table, np.arange(count), count, edges[begins], room))


def _quantiles(table: Binned, count: int) -> Bools:
    """Say before which ordinary codes the quantiles of training rows begin."""
    weight = table.feature.weight[: table.feature.ordinary]
    share = np.concatenate([[0.0], np.cumsum(weight)[:-1]]) / max(float(weight.sum()), 1e-12)
    places = np.searchsorted(share, np.arange(1, count + 1) / (count + 1))
    found = np.zeros(len(weight), dtype=np.bool_)
    found[places[(places > 0) & (places < len(weight))]] = True
    return found


def _ways(table: Binned, order: NDArray[np.int64], ordinary: int, edges: NDArray[Any], room: int) -> Floats:
    """Return every way to part a feature's atoms into groups; ways × groups × atoms.

    Neighbouring ordinary atoms (`order`) share a group; each special value and missing, where training has it, is its
    own. `edges`: of the places between atoms, which are edges already; at most `room` others are new. None where
    what is not ordinary is too much, or all is one group.
    """
    rest = len(table.points) - table.ordinary
    known = ordinary + np.flatnonzero(table.is_known[len(table.points) - rest :])
    found = []
    for groups in range(1, MOST_GROUPS - len(known) + 1):
        for cuts in combinations(range(1, len(order)), groups - 1):
            if len(known) + groups > 1 and sum(not edges[at - 1] for at in cuts) <= room:
                way = np.zeros((MOST_GROUPS, ordinary + rest))
                for group, (start, end) in enumerate(pairwise([0, *cuts, len(order)])):
                    way[group, order[start:end]] = 1.0
                way[range(groups, groups + len(known)), known] = 1.0
                found.append(way)
    return np.array(found).reshape(-1, MOST_GROUPS, ordinary + rest)


def parted(table: Binned, begins: Bools, codes: Codes, rows: Rows) -> Binned:
    """Part a feature's bins before the ordinary codes that `begins` says; their points stay. `codes`: by row."""
    if not table.feature.is_ordered:
        return table
    ordinary = np.cumsum(begins)
    rest = table.groups[table.feature.ordinary :] + (int(ordinary[-1]) + 1 - table.ordinary)
    groups = np.concatenate([ordinary, rest]).astype(np.int32)
    whole = np.zeros(int(groups.max()) + 1, dtype=np.int64)
    whole[groups] = table.groups
    return replace(
        table,
        groups=groups,
        rows=summed(groups[codes], rows.weight, len(whole)),
        bads=summed(groups[codes], rows.weight * rows.is_bad, len(whole)),
        curvature=table.curvature[whole],
        own=table.own[whole],
        is_known=table.is_known[whole],
        points=table.points[whole],
    )
