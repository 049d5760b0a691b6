"""Who gains and who loses under a tried policy becomes what may be told of it: neither way where either is of few."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from village_credit.score.small_counts import hide_small
from village_credit.score.statistics import LEAST_GROUP

GAINS, LOSES = ("new", "raised"), ("lowered", "removed")
SUMS = ("households", "before_yuan", "after_yuan")
WAYS = ("raised_yuan", "lowered_yuan")
COUNTS = ("raised", "lowered")  # how many households go either way: never told
Cell = dict[str, Any]


def is_few(count: int) -> bool:
    """Tell whether somebody is counted, and too few to be told."""
    return 0 < count < LEAST_GROUP


def told_changes(changes: list[Cell]) -> list[Cell]:
    """Return the changes with what may not be told null, in their order.

    Where few gain or few lose, nothing of who moves is told by its change. Who stays is worth nothing beside a small
    count: what is hidden with it is of others who move.
    """
    moving = [cell for cell in changes if cell["change"] in (*GAINS, *LOSES)]
    told = moving if not has_few(changes) else []
    shown = {cell["change"] for cell in _hidden(told) if cell["households"] is not None}
    untold = [place for place, cell in enumerate(changes) if cell in moving and cell["change"] not in shown]
    cells = hide_small([{"group": "", **cell} for cell in changes], untold=untold) if _stay_few(changes) else changes
    return [
        {"change": cell["change"], **{name: None if place in untold else cell[name] for name in SUMS}}
        for place, cell in enumerate(cells)
    ]


def has_few(changes: list[Cell]) -> bool:
    """Tell whether few households gain, or few lose."""
    return any(is_few(_count(changes, way)) for way in (GAINS, LOSES))


def move_few(changes: list[Cell]) -> bool:
    """Tell whether few households move at all, so that any sum would be theirs."""
    return is_few(_count(changes, (*GAINS, *LOSES)))


def kept_whole(changes: list[Cell]) -> list[str]:
    """Return the changes of many households that are not told, and must not be had by adding up a table's groups."""
    told = {cell["change"]: cell["households"] for cell in told_changes(changes)}
    return [cell["change"] for cell in changes if told[cell["change"]] is None and cell["households"] >= LEAST_GROUP]


def hide_groups(
    cells: list[Cell], whole: Collection[str], k: int = LEAST_GROUP, untold: Collection[int] = ()
) -> list[Cell]:
    """Hide a table's small counts, and of each change of `whole` groups of many households, the smallest first.

    `untold`: the places of cells that are hidden however many they count.
    """
    told = hide_small(cells, k, untold)
    for change in whole:
        mine = [place for place, cell in enumerate(cells) if cell["change"] == change]
        shown = [cells[place]["households"] for place in mine if told[place]["households"] is not None]
        if shown and sum(cells[place]["households"] for place in mine) - sum(shown) < LEAST_GROUP:
            return hide_groups(cells, whole, min(shown) + 1, untold)
    return told


def told_ways(effect: Cell) -> Cell:
    """Return an effect without its counts of either way, and without more and less where either is of few."""
    few = any(is_few(effect[name] or 0) for name in COUNTS)
    told = {name: value for name, value in effect.items() if name not in COUNTS}
    return told | (dict.fromkeys(WAYS) if few else {})


def _hidden(cells: list[Cell]) -> list[Cell]:
    return hide_small([{"group": "", **cell} for cell in cells])


def _stay_few(changes: list[Cell]) -> bool:
    return is_few(_count(changes, ("same",)))


def _count(changes: list[Cell], names: Collection[str]) -> int:
    return sum(cell["households"] for cell in changes if cell["change"] in names)
