"""Of a saved query that asks for it, small counts are hidden by the one rule, and what they are parts of with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from village_credit.score.small_counts import hide_small


@dataclass(frozen=True)
class Few:
    """What of a query is hidden where it is of few: by `lines`, the `figures` of a cell, and `parts`; a count first."""

    lines: Sequence[str]
    figures: Sequence[str]
    parts: Sequence[str]


def few_of(said: dict[str, str]) -> Few | None:
    """Read from a query's file what is hidden; None where it counts exactly."""
    if "few" not in said:
        return None
    lines, figures = (words.split(",") for words in said["few"].split(":"))
    parts = said["few_parts"].split(",")
    return Few(*([word.strip() for word in words] for words in (lines, figures, parts)))


def without_few(table: pa.Table, few: Few) -> pa.Table:
    """Return an answer with null for figures of few households, and of the few of many who are in a part.

    Asked of a whole answer, before counties are chosen: what is hidden must not follow from two answers.
    """
    rows = table.to_pylist()
    whole = hide_small([_cell(row, few, row[few.figures[0]]) for row in rows])
    halves = [
        {"group": place, "change": (row[few.lines[1]], is_part), "households": count}
        for place, row in enumerate(rows)
        for is_part, count in _halves(row, few)
    ]
    part = hide_small(halves, untold={2 * place + side for place, cell in enumerate(whole) for side in (0, 1)
                                      if cell["households"] is None})[::2]  # fmt: skip
    shown = [_shown(row, few, *cells) for row, *cells in zip(rows, whole, part, strict=True)]
    return pa.Table.from_pylist(shown, schema=table.schema)


def _cell(row: dict[str, Any], few: Few, count: int) -> dict[str, Any]:
    return {"group": row[few.lines[0]], "change": row[few.lines[1]], "households": count}


def _halves(row: dict[str, Any], few: Few) -> tuple[tuple[bool, int], tuple[bool, int]]:
    inside = row[few.parts[0]]
    return (True, inside), (False, row[few.figures[0]] - inside)


def _shown(row: dict[str, Any], few: Few, whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    hidden = [*few.figures, *few.parts] if whole["households"] is None else []
    hidden += few.parts if part["households"] is None else []
    return row | dict.fromkeys(hidden)
