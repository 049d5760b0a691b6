"""What changes between two sets of decisions becomes what is printed of it: few households hidden by the one rule.

The households that move most are named by key all the same, and `diff --out` has every one: both are personal data, for
who prepares and who signs. What is counted may be read out in a meeting.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa

from village_credit.score.small_counts import hide_small
from village_credit.services.queries.diff import Difference
from village_credit.services.queries.told_ways import is_few
from village_credit.tables.causes import JOINED
from village_credit.tables.told_causes import told_causes

Row = dict[str, Any]


def told_difference(found: Difference, parts: pa.Table | None = None) -> Difference:
    """Return a difference with null for what may not be told; `parts`: of each household, where its causes are known.

    Causes of few are one row, their names after one another; `causes_yuan` is what all of them come to.
    """
    told = replace(found, changes=_changes(found.changes), measures=[_measure(one) for one in found.measures])
    if parts is None or not found.causes:
        return told
    *causes, in_all = told_causes(parts).to_pylist()
    return replace(told, causes=[_cause(row) for row in causes], causes_yuan=in_all["yuan"])


def _changes(changes: list[Row]) -> list[Row]:
    cells = hide_small([{"group": "", **row} for row in changes])
    return [{name: value for name, value in cell.items() if name != "group"} for cell in cells]


def _measure(one: Row) -> Row:
    """Tell households before and after, where neither is few, nor how many more or fewer they are."""
    before, after = (None if is_few(one[name]) else one[name] for name in ("before", "after"))
    is_told = before is not None and not is_few(abs(one["after"] - one["before"]))
    return {"measure": one["measure"], "before": before, "after": after if is_told else None}


def _cause(row: Row) -> Row:
    names = ", ".join(JOINED.join(names) for names in row.pop("causes"))
    return {"cause": names, **row}
