"""What a page of a place may tell of households where its tables stand beside totals: few are hidden by the one rule.

Whoever reads the page knows each table's totals from another: a month's from the cards, branches' from what waits. So
a part is told only where the rest of its whole is nobody or many, and in a table nothing follows from its lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from village_credit.report.page_credit import shown
from village_credit.score.small_counts import hide_small

ANCHORS = ("registered", "granted")  # stages that the page's cards tell
PARTS = ("newly_credited_households", "drawn_households")  # of those who are credited
Row = dict[str, Any]


def part_of(whole: int | None, part: int) -> int | None:
    """Return a part of a whole, none where it or the rest is few, or the whole is not told."""
    return None if whole is None or shown(whole - part) is None else shown(part)


def month_told(row: Row) -> Row:
    """Return who is credited of one row of statistics, and its parts; none where they may not be told."""
    credited = shown(row["credited_households"])
    return {"credited_households": credited, **{name: part_of(credited, row[name]) for name in PARTS}}


def products_told(rows: Sequence[Row]) -> list[Row]:
    """Return the same of products beside each other, whose sums are told of all: a few of one follow from no others."""
    whole = hide_small([_cell("", row["product"], row["credited_households"]) for row in rows])
    found: list[Row] = [{"credited_households": cell["households"]} for cell in whole]
    untold = {row["product"] for row, one in zip(rows, found, strict=True) if one["credited_households"] is None}
    for name in PARTS:
        hidden = _hidden_parts(rows, name, untold)
        for row, one in zip(rows, found, strict=True):
            one[name] = None if row["product"] in hidden else row[name]
    return found


def _hidden_parts(rows: Sequence[Row], name: str, untold: set[Any]) -> set[Any]:
    """Return the products of which a part is not told: `untold` ones, and others that few follow from."""
    halves = [
        _cell(row["product"], is_part, count)
        for row in rows
        for is_part, count in ((True, row[name]), (False, row["credited_households"] - row[name]))
        if count
    ]
    places = {place for place, cell in enumerate(halves) if cell["group"] in untold}
    return untold | {cell["group"] for cell in hide_small(halves, untold=places) if cell["households"] is None}


def branches_told(rows: Sequence[Row], credited: int) -> list[Row]:
    """Return the lines that branches were told, left unanswered and overdue; none where they may not be told.

    `credited`: how many households are credited now, which the page tells. Where few lines more were told (those that
    branches refused), one branch's are left out.
    """
    is_open = _open_told(rows)
    overdue = _overdue_told(rows, is_open)
    found = [
        {
            "lines_told": shown(row["lines_told"]),
            "answers_open": row["answers_open"] if at in is_open else None,
            "answers_overdue": row["answers_overdue"] if at in overdue else None,
        }
        for at, row in enumerate(rows)
    ]
    if found and shown(abs(sum(row["lines_told"] for row in rows) - credited)) is None:
        fewest = min(range(len(rows)), key=lambda at: rows[at]["lines_told"])
        found[fewest] = dict.fromkeys(found[fewest])
    return found


def _open_told(rows: Sequence[Row]) -> set[int]:
    """Return the places of branches of which it is told how many lines they answered, and how many not."""
    cells = [
        _cell(at, is_open, count)
        for at, row in enumerate(rows)
        for is_open, count in ((False, row["lines_told"] - row["answers_open"]), (True, row["answers_open"]))
    ]
    return _told(len(rows), cells)


def _overdue_told(rows: Sequence[Row], is_open: set[int]) -> set[int]:
    """Return those of which it is told how many of these lines are overdue."""
    cells = [
        _cell(at, is_late, count)
        for at, row in enumerate(rows)
        for is_late, count in ((False, row["answers_open"] - row["answers_overdue"]), (True, row["answers_overdue"]))
    ]
    return _told(len(rows), cells) & is_open


def _told(count: int, cells: Sequence[Row]) -> set[int]:
    """Return the groups of which no cell is hidden."""
    return set(range(count)) - {cell["group"] for cell in _hidden(cells) if cell["households"] is None}


def stages_told(stages: Sequence[Row]) -> list[int | None]:
    """Return how many are told to have come to each stage: between two that follow on each other lie nobody or many."""
    follows = {row["stage"]: row["follows"] for row in stages}
    counts = {row["stage"]: row["households"] for row in stages}
    told = {name: counts[name] for name in ANCHORS if name in counts and shown(counts[name]) is not None}
    for name, count in counts.items():
        if name not in ANCHORS and shown(count) is not None:
            near = [other for other in told if _leads(follows, other, name) or _leads(follows, name, other)]
            if all(shown(abs(count - told[other])) is not None for other in near):
                told[name] = count
    return [told.get(name) for name in counts]


def _leads(follows: dict[str, str | None], first: str, last: str) -> bool:
    """Tell whether one stage is on the way to another."""
    step = follows.get(last)
    while step is not None and step != first:
        step = follows.get(step)
    return step is not None


def _cell(group: object, change: object, households: int) -> Row:
    return {"group": group, "change": change, "households": households}


def _hidden(cells: Sequence[Row]) -> list[Row]:
    return hide_small([cell for cell in cells if cell["households"]])
