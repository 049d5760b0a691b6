"""What each cause adds to limits becomes what a page may tell of it: causes of few households are told together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from village_credit.duckdb_session import cursor_over
from village_credit.score.small_counts import hide_small
from village_credit.score.statistics import LEAST_GROUP
from village_credit.sql_files import sql
from village_credit.tables.causes import JOINED
from village_credit.tables.split import by_cause

TOLD = pa.schema(
    [
        ("causes", pa.list_(pa.list_(pa.string()))),
        ("households", pa.int64()),
        ("raised_yuan", pa.int64()),
        ("lowered_yuan", pa.int64()),
        ("yuan", pa.int64()),
    ]
)
Row = dict[str, Any]


def told_causes(parts: pa.Table) -> pa.Table:
    """Return what may be told of each cause, in the order in which causes are taken over (TOLD).

    Causes of few households, and as many others as theirs would follow from, are one row after the others: `causes` has
    several. Its households are counted once each; where they still are few nothing is told but who they are. Of what is
    more and less nothing is told where few households have either. The last row, of no cause, is the yuan of all.
    `parts`: household_key, cause, yuan.
    """
    rows = [{**row, "cause": JOINED.join(row["causes"])} for row in by_cause(parts).to_pylist()]
    few = _few(parts, rows)
    found = {row["cause"]: row for row in _added_up(parts, few)}
    told = [_told([row["cause"]], found.get(row["cause"])) for row in rows if row["cause"] not in few]
    together = [row["cause"] for row in rows if row["cause"] in few]
    in_all: Row = {"causes": [], "yuan": sum(row["yuan"] for row in rows)}
    return pa.Table.from_pylist([*told, *([_told(together, found.get(""))] if few else []), in_all], schema=TOLD)


def _few(parts: pa.Table, rows: list[Row]) -> set[str]:
    """Return the causes that are told together: those that the one rule hides, of so many households in all."""
    cells = [{"group": "", "change": row["cause"], "households": row["households"]} for row in rows]
    few = {cell["change"] for cell in hide_small(cells) if cell["households"] is None}
    shown = sorted((row["households"], row["cause"]) for row in rows if row["cause"] not in few)
    while few and shown and _households(_added_up(parts, few)) < LEAST_GROUP:  # one household may have several
        few.add(shown.pop(0)[1])
    return few


def _added_up(parts: pa.Table, few: Iterable[str]) -> list[Row]:
    query = sql("tables", "told_causes")
    found: list[Row] = cursor_over({"parts": parts}).sql(query, params={"few": list(few)}).to_arrow_table().to_pylist()
    return found


def _households(rows: list[Row]) -> int:
    return next((int(row["households"]) for row in rows if not row["cause"]), 0)


def _told(causes: list[str], row: Row | None) -> Row:
    named: Row = {"causes": [one.split(JOINED) for one in causes]}
    if row is None or row["households"] < LEAST_GROUP:
        return named
    told = {name: row[name] for name in ("households", "yuan")}
    if all(count == 0 or count >= LEAST_GROUP for count in (row["raised"], row["lowered"])):
        told |= {name: row[name] for name in ("raised_yuan", "lowered_yuan")}
    return named | told
