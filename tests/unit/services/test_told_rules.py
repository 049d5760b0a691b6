"""Who solves for what the table of rules hides never finds how few households went from one rule to another."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from scipy.optimize import linprog

from village_credit.score.small_counts import hide_small
from village_credit.score.statistics import LEAST_GROUP
from village_credit.services.queries.told_rules import AFTER, BEFORE, places_of, told_rules
from village_credit.services.queries.told_ways import hide_groups

Cell = dict[str, Any]
RULES = (
    "OVERDUE",
    "NO_BORROWER",
    "NO_ROOM_CAPACITY",
    "BELOW_SMALLEST_TICKET",
    "capacity",
    "need",
    "headroom",
    "branch",
)


def flows(seed: int) -> Counter[tuple[str, str]]:
    """Households by the rule that decided and the one that decides now: some ways of few, some of many."""
    random = Random(seed)
    found = Counter({(rule, rule): random.choice((random.randint(1, 29), random.randint(60, 900))) for rule in RULES})
    for _ in range(random.randint(1, 4)):
        one, other = random.sample(RULES, 2)
        count = random.choice((random.randint(1, 29), random.randint(30, 60)))
        found[one, other] += min(count, found[one, one])
        found[one, one] -= min(count, found[one, one])
    return found


def cells_of(found: Counter[tuple[str, str]]) -> list[Cell]:
    sides = {BEFORE: Counter[str](), AFTER: Counter[str]()}
    for (one, other), count in found.items():
        sides[BEFORE][one] += count
        sides[AFTER][other] += count
    return [
        {"group": side, "change": rule, "households": count}
        for side, counts in sorted(sides.items())
        for rule, count in sorted(counts.items())
        if count
    ]


def moved(cells: list[Cell]) -> Counter[str]:
    counts = Counter[str]()
    for cell in cells:
        counts[cell["change"]] += cell["households"] * (1 if cell["group"] == AFTER else -1)
    return counts


def range_of(cells: list[Cell], told: list[Cell], rule: str) -> tuple[float, float]:
    """The least and most that a rule may have gained, for who knows what is told and how many there are in all."""
    total = sum(cell["households"] for cell in cells if cell["group"] == BEFORE)
    sums = [[float(cell["group"] == side) for cell in cells] for side in (BEFORE, AFTER)]
    bounds = [(1, None) if cell["households"] is None else (cell["households"],) * 2 for cell in told]
    asked = [float(cell["change"] == rule) * (1 if cell["group"] == AFTER else -1) for cell in cells]
    least, most = (
        linprog([sign * one for one in asked], A_eq=sums, b_eq=[total] * 2, bounds=bounds, method="highs")
        for sign in (1, -1)
    )
    return float(least.fun), float(-most.fun)


def found_out(cells: list[Cell], told: list[Cell]) -> set[str]:
    few = {rule for rule, count in moved(cells).items() if 0 < abs(count) < LEAST_GROUP}
    ranges = {rule: range_of(cells, told, rule) for rule in few}
    return {rule for rule, (least, most) in ranges.items() if most - least < 1}


@pytest.mark.parametrize("seed", range(40))
def test_nobody_reckons_how_few_a_rule_gained_or_lost(seed: int):
    cells = cells_of(flows(seed))
    told, untold = told_rules(cells)
    assert found_out(cells, told) == set()
    for cell, shown in zip(cells, told, strict=True):
        assert shown["households"] in (None, cell["households"])
        assert shown["households"] is None or shown["households"] >= LEAST_GROUP
    hidden = {one["change"] for one in told if one["households"] is None}
    net = sum(count for rule, count in moved(cells).items() if rule not in hidden)
    assert net == 0 or abs(net) >= LEAST_GROUP
    assert {one["change"] for one in told if one["group"] == AFTER} & untold <= hidden


def test_the_one_rule_alone_told_it():
    assert any(found_out(cells := cells_of(flows(seed)), hide_small(cells)) for seed in range(40))


def test_where_no_rule_gains_or_loses_few_all_is_told():
    cells = cells_of(Counter({("capacity", "capacity"): 300, ("capacity", "need"): 40, ("need", "need"): 200}))
    told, untold = told_rules(cells)
    assert (told, untold) == (cells, set())


def test_few_who_go_from_one_rule_to_another_are_told_of_neither_and_of_no_third():
    """Of two rules that are left out together the whole tells the sum, which is as it was."""
    cells = cells_of(Counter({("capacity", "capacity"): 300, ("capacity", "need"): 7, ("need", "need"): 200,
                              ("branch", "branch"): 90}))  # fmt: skip
    told, untold = told_rules(cells)
    assert untold == {"capacity", "need"}
    assert [cell["households"] for cell in told if cell["group"] == AFTER] == [90, None, None]
    assert [cell["households"] for cell in told if cell["group"] == BEFORE] == [90, 307, 200]


def test_by_reason_a_rule_that_is_not_told_cannot_be_added_up():
    cells = [
        {"group": group, "change": change, "households": count}
        for group, change, count in (
            *(("capacity", "same", 300), ("need", "same", 200), ("branch", "same", 90), ("RELIEF_KEPT", "same", 80)),
            *(("capacity", "lowered", 50), ("branch", "lowered", 60)),
        )
    ]
    told = hide_groups(cells, [], untold=places_of(cells, {"capacity"}))
    assert [cell["households"] for cell in told] == [None, 200, 90, None, None, None]
    assert hide_groups(cells, [], untold=places_of(cells, {"relief"}))[3]["households"] is None
    assert hide_groups(cells, []) == cells
