"""Who solves for what a simulation hides, from everything that it tells, finds neither few gainers nor few losers."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import numpy as np
import pytest

from village_credit.score.small_counts import hide_small
from village_credit.score.statistics import LEAST_GROUP
from village_credit.services.queries.told_ways import (
    GAINS,
    LOSES,
    hide_groups,
    kept_whole,
    move_few,
    told_changes,
    told_ways,
)

Cell = dict[str, Any]
Known = list[tuple[dict[Any, int], int]]  # so many of each unknown are so much
TABLES = {"village": 6, "band": 3, "sex": 2}
MANY, FEW = (40, 700), (1, 29)


def county(seed: int) -> list[Cell]:
    """Households with a group in each table, and what a policy does to them: one way to few, the other to many."""
    random = Random(seed)
    ways = [GAINS, LOSES] if seed % 2 else [LOSES, GAINS]
    counts = {random.choice(ways[0]): random.randint(*FEW), "same": random.randint(0, 900)}
    counts |= {change: random.randint(*MANY) for change in random.sample(ways[1], random.randint(1, 2))}
    return [
        {"change": change, "yuan": moved(change, random), **{name: random.randrange(n) for name, n in TABLES.items()}}
        for change, count in counts.items()
        for _ in range(count)
    ]


def moved(change: str, random: Random) -> int:
    return 0 if change == "same" else random.randint(1, 40) * 1_000 * (1 if change in GAINS else -1)


def cells(households: list[Cell], table: str | None) -> list[Cell]:
    """A table's cells; the yuan that limits change by stand in for after, nothing was before."""
    counts, yuan = Counter[Any](), Counter[Any]()
    for one in households:
        place = (str(one[table]) if table else "", one["change"])
        counts[place] += 1
        yuan[place] += one["yuan"]
    return [
        {"group": group, "change": change, "households": counts[group, change], "before_yuan": 0,
         "after_yuan": yuan[group, change]}
        for group, change in sorted(counts)
    ]  # fmt: skip


def effect_of(households: list[Cell]) -> Cell:
    up, down = ([one["yuan"] for one in households if sign * one["yuan"] > 0] for sign in (1, -1))
    counts = {"households": len(up) + len(down), "raised": len(up), "lowered": len(down)}
    return counts | {"raised_yuan": sum(up), "lowered_yuan": sum(down), "yuan": sum(up) + sum(down)}


def as_before(households: list[Cell]) -> tuple[list[Cell], Cell, dict[str, list[Cell]]]:
    """What a page told when it hid small counts and no more."""
    tables = {name: hide_small(cells(households, name)) for name in TABLES}
    return hide_small(cells(households, None)), effect_of(households), tables


def as_told(households: list[Cell]) -> tuple[list[Cell], Cell, dict[str, list[Cell]]]:
    changes = cells(households, None)
    tables = {name: hide_groups(cells(households, name), kept_whole(changes)) for name in TABLES}
    return told_changes(changes), told_ways(effect_of(households)), tables


def known_of(households: list[Cell], told: tuple[list[Cell], Cell, dict[str, list[Cell]]], figure: str) -> Known:
    """Every sum that a reader knows, in households or yuan: of all, of each way, of each table, cell and group."""
    changes, effect, tables = told
    names = sorted({one["change"] for one in households})
    found: Known = [({("", row["change"]): 1}, row[figure]) for row in changes if row[figure] is not None]
    in_all = len(households) if figure == "households" else sum(one["yuan"] for one in households)
    found.append(({("", name): 1 for name in names}, in_all))
    if figure == "households":
        found.append(({("", name): 1 for name in names if name != "same"}, effect["households"]))
    else:
        found.append(({("", "same"): 1}, 0))
        ways = {"raised_yuan": GAINS, "lowered_yuan": LOSES}
        told_sums = [(way, effect[name]) for name, way in ways.items() if effect[name] is not None]
        found += [({("", name): 1 for name in way if name in names}, yuan) for way, yuan in told_sums]
    for table, rows in tables.items():
        found += [({(table, row["group"], row["change"]): 1}, row[figure]) for row in rows if row[figure] is not None]
        for name in names:
            mine = {(table, row["group"], row["change"]): 1 for row in rows if row["change"] == name}
            found.append(({("", name): -1, **mine}, 0))
        for group in {row["group"] for row in rows} if figure == "households" else ():
            size = sum(1 for one in households if str(one[table]) == group)
            found.append(({(table, row["group"], row["change"]): 1 for row in rows if row["group"] == group}, size))
        if figure == "after_yuan":
            found += [({(table, row["group"], "same"): 1}, 0) for row in rows if row["change"] == "same"]
    return found


def follows(known: Known, asked: dict[Any, int]) -> bool:
    """Whether a sum follows from others: its row is made of theirs."""
    unknowns = {name: place for place, name in enumerate({name for row, _ in [*known, (asked, 0)] for name in row})}
    matrix = np.zeros((len(known) + 1, len(unknowns)))
    for line, (row, _) in enumerate([*known, (asked, 0)]):
        for name, factor in row.items():
            matrix[line, unknowns[name]] = factor
    return bool(np.linalg.matrix_rank(matrix) == np.linalg.matrix_rank(matrix[:-1]))


def found_out(households: list[Cell], told: tuple[list[Cell], Cell, dict[str, list[Cell]]]) -> set[str]:
    """What of few households follows from what is told."""
    names = {one["change"] for one in households}
    sums = {"gain": GAINS, "lose": LOSES, **{name: (name,) for name in names - {"same"}}}
    few = {
        name: {("", one): 1 for one in way if one in names}
        for name, way in sums.items()
        if 0 < sum(one["change"] in way for one in households) < LEAST_GROUP
    }
    return {
        f"{name} {figure}"
        for name, asked in few.items()
        for figure in ("households", "after_yuan")
        if follows(known_of(households, told, figure), asked)
    }


@pytest.mark.parametrize("seed", range(40))
def test_nothing_of_few_follows_from_what_is_told(seed: int):
    households = county(seed)
    assert "gain after_yuan" in (before := found_out(households, as_before(households))) or "lose after_yuan" in before
    assert found_out(households, as_told(households)) == set()


def test_where_few_move_at_all_no_sum_is_told():
    households = [{"change": "raised", "yuan": 21_000, **dict.fromkeys(TABLES, 0)}]
    households += [{"change": "same", "yuan": 0, **dict.fromkeys(TABLES, 0)}] * 500
    changes = cells(households, None)
    assert move_few(changes)
    assert [row["after_yuan"] for row in told_changes(changes)] == [None, 0]


def test_where_many_go_either_way_all_is_told():
    households = [
        {"change": name, "yuan": yuan, **dict.fromkeys(TABLES, 0)} for name, yuan in (("raised", 1), ("lowered", -1))
    ]
    changes, effect, _ = as_told(households * 30)
    assert [row["households"] for row in changes] == [30, 30]
    assert (effect["raised_yuan"], effect["lowered_yuan"], effect["yuan"]) == (30, -30, 0)
    assert "raised" not in effect
