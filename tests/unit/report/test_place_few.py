"""Who solves for what a place's tables hide, from their totals and the cards, finds no few households."""

from __future__ import annotations

from collections.abc import Hashable
from random import Random
from typing import Any

import pytest
from scipy.optimize import linprog

from village_credit.report.page_credit import granted_groups
from village_credit.report.place_few import PARTS, branches_told, month_told, part_of, products_told, stages_told
from village_credit.score.statistics import LEAST_GROUP

Counts = dict[Hashable, int]
Known = list[tuple[dict[Hashable, int], int]]  # so many of each unknown are so much
FOLLOWS = {"registered": None, "facts": "registered", "scored": "facts", "granted": "scored", "told": "granted",
           "imported": "told", "contracted": "told", "drawn": "contracted", "owing": "drawn"}  # fmt: skip
SEEDS = range(30)
ANSWERS = ("answered", "in_time", "overdue")  # of a branch's lines


def some(random: Random, most: int) -> int:
    return min(most, random.choice((0, random.randint(1, 29), random.randint(30, 400))))


def found_out(counts: Counts, known: Known, totals: Known) -> set[Hashable]:
    """The few that follow from what is told, though the totals alone do not tell them."""
    few = [name for name, count in counts.items() if 0 < count < LEAST_GROUP]
    return {name for name in few if _is_told(counts, [*known, *totals], name) and not _is_told(counts, totals, name)}


def _is_told(counts: Counts, known: Known, name: Hashable) -> bool:
    places = {one: place for place, one in enumerate(counts)}
    rows = [[float(row.get(one, 0)) for one in places] for row, _ in known]
    ends = [
        linprog([sign * float(one == name) for one in places], A_eq=rows or None, b_eq=[s for _, s in known] or None,
                bounds=(0, None), method="highs")
        for sign in (1, -1)
    ]  # fmt: skip
    assert ends[0].status == 0
    return bool(ends[1].status == 0 and -ends[1].fun - ends[0].fun < 1)


def products(seed: int) -> list[dict[str, Any]]:
    random = Random(seed)
    rows = []
    for product in range(4):
        credited = random.choice((random.randint(1, 29), random.randint(30, 900)))
        rows.append({"product": product, "credited_households": credited,
                     **{name: some(random, credited) for name in PARTS}})  # fmt: skip
    return rows


def places(seed: int) -> list[tuple[int, str, int, int, int, float]]:
    """Key, name, households, credited, and figures of places: of few, of many, with nobody credited and with all."""
    random = Random(seed)
    found = []
    for place in range(random.randint(2, 8)):
        count = random.choice((random.randint(1, 29), random.randint(30, 500)))
        credited = random.choice((0, count, min(count, random.randint(1, 29)), random.randint(0, count)))
        found.append((place, "", count, credited, credited * 1_000, 1.0))
    return found


@pytest.mark.parametrize("seed", range(90))
def test_no_few_of_a_place_follow_and_one_of_many_where_nobody_is_credited_says_so(seed: int):
    rows = places(seed)
    told = {one.key: one for one in granted_groups(rows)}
    counts: Counts = {}
    known, sizes = [], []
    for place, _, count, credited, *_ in rows:
        counts |= {(place, True): credited, (place, False): count - credited}
        sizes.append(({(place, True): 1, (place, False): 1}, count))
        if told[place].granted is not None:
            known.append(({(place, True): 1}, told[place].granted))
            assert (told[place].granted, told[place].total) == (credited, credited * 1_000)
        assert told[place].granted != 0 or count >= LEAST_GROUP
    whole = ({(place, True): 1 for place, *_ in rows}, sum(row[3] for row in rows))
    assert found_out(counts, known, [*sizes, whole]) == set()


def test_a_village_without_a_line_says_so_unless_that_would_tell_the_others():
    rows = [("a", "", 100, 60, 60_000, 1.0), ("b", "", 90, 40, 40_000, 1.0), ("c", "", 80, 0, 0, 0.0)]
    (_, _, none) = granted_groups(rows)
    assert (none.granted, none.share, none.total, none.median) == (0, 0.0, 0, None)
    few = [("d", "", 20, 0, 0, 0.0), *rows]
    assert granted_groups(few)[0].granted is None
    everybody = [("a", "", 100, 100, 60_000, 1.0), ("b", "", 20, 20, 40_000, 1.0), rows[2]]
    assert [one.granted for one in granted_groups(everybody)] == [None, None, None]


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_no_few_of_a_product_follow_from_the_others(seed: int, name: str):
    rows = products(seed)
    counts, totals, told = products_known(rows, name, products_told(rows))
    assert found_out(counts, told, totals) == set()


def products_known(rows: list[dict[str, Any]], name: str, shown: list[dict[str, Any]]) -> tuple[Counts, Known, Known]:
    counts = {
        (row["product"], is_part): row[name] if is_part else row["credited_households"] - row[name]
        for row in rows
        for is_part in (True, False)
    }
    parts = [[one for one in counts if one[1] is part] for part in (True, False)]
    totals: Known = [(dict.fromkeys(part, 1), sum(counts[one] for one in part)) for part in parts]
    told: Known = []
    for row, one in zip(rows, shown, strict=True):
        if one["credited_households"] is not None:
            told.append(({(row["product"], True): 1, (row["product"], False): 1}, row["credited_households"]))
        if one[name] is not None:
            told.append(({(row["product"], True): 1}, row[name]))
    return counts, totals, told


def test_each_product_by_itself_told_it():
    """As the page did: a count is hidden where it is small, whatever stands beside it."""
    rows = products(3)
    alone = [{key: None if 0 < row[key] < LEAST_GROUP else row[key] for key in row} for row in rows]
    assert any(found_out(*reordered(products_known(rows, name, alone))) for name in PARTS)


def reordered(known: tuple[Counts, Known, Known]) -> tuple[Counts, Known, Known]:
    counts, totals, told = known
    return counts, told, totals


def branches(seed: int) -> list[dict[str, Any]]:
    random = Random(seed)
    found = []
    for _ in range(random.randint(1, 4)):
        answered, in_time, overdue = random.randint(30, 900), some(random, 400), some(random, 400)
        found.append({"lines_told": answered + in_time + overdue, "answers_open": in_time + overdue,
                      "answers_overdue": overdue})  # fmt: skip
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_no_few_lines_of_a_branch_follow_from_what_waits_in_all(seed: int):
    rows = branches(seed)
    credited = sum(row["lines_told"] for row in rows)
    counts: Counts = {}
    told: Known = []
    for at, (row, one) in enumerate(zip(rows, branches_told(rows, credited), strict=True)):
        figures = (row["lines_told"] - row["answers_open"], row["answers_open"] - row["answers_overdue"],
                   row["answers_overdue"])  # fmt: skip
        counts |= {(at, name): count for name, count in zip(ANSWERS, figures, strict=True)}
        parts = {"lines_told": ANSWERS, "answers_open": ANSWERS[1:], "answers_overdue": ANSWERS[2:]}
        told += [({(at, each): 1 for each in parts[name]}, row[name]) for name in parts if one[name] is not None]
    totals: Known = []
    for names in (ANSWERS[:1], ANSWERS[1:]):  # of all branches: what was answered, and what waits
        line = [(at, name) for at in range(len(rows)) for name in names]
        totals.append((dict.fromkeys(line, 1), sum(counts[one] for one in line)))
    totals += [({(at, name): 1 for name in ANSWERS}, row["lines_told"]) for at, row in enumerate(rows)]
    assert found_out(counts, told, totals) == set()


def test_a_few_refused_lines_are_not_the_difference_of_two_sums():
    rows = [{"lines_told": 500, "answers_open": 0, "answers_overdue": 0},
            {"lines_told": 400, "answers_open": 0, "answers_overdue": 0}]  # fmt: skip
    assert [one["lines_told"] for one in branches_told(rows, 900)] == [500, 400]
    assert [one["lines_told"] for one in branches_told(rows, 893)] == [500, None]


def stages(seed: int) -> list[dict[str, Any]]:
    random = Random(seed)
    counts: dict[str, int] = {}
    for name, follows in FOLLOWS.items():
        before = 2_000 if follows is None else counts[follows]
        counts[name] = before - some(random, before)
    counts["granted"] = min(counts["granted"], counts["scored"])
    return [{"stage": name, "follows": FOLLOWS[name], "households": counts[name]} for name in FOLLOWS]


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_reckons_how_few_stay_between_two_stages(seed: int):
    rows = stages(seed)
    counts: Counts = {row["stage"]: row["households"] for row in rows}
    steps = {name: (counts[follows] if follows else 0) - counts[name] for name, follows in FOLLOWS.items() if follows}
    told = dict(zip(counts, stages_told(rows), strict=True))
    for name, follows in FOLLOWS.items():
        if follows and 0 < steps[name] < LEAST_GROUP and {name, follows} != {"registered", "granted"}:
            assert told[name] is None or told[follows] is None, (name, steps[name])
    assert [count for count in told.values() if count is not None and 0 < count < LEAST_GROUP] == []


@pytest.mark.parametrize(
    ("whole", "part", "told"), [(500, 200, 200), (500, 0, 0), (500, 500, 500), (500, 12, None), (500, 488, None)]
)
def test_a_part_is_told_where_the_rest_is_nobody_or_many(whole: int, part: int, told: int | None):
    assert part_of(whole, part) == told
    assert part_of(None, part) is None
    month = month_told({"credited_households": whole, **dict.fromkeys(PARTS, part)})
    assert [month[name] for name in PARTS] == [told, told]
