"""Figures of a scorecard's evidence become cells: shares, intervals, verdicts."""

from __future__ import annotations

from typing import Any

Evidence = dict[str, Any]
Row = dict[str, Any]
Cells = list[tuple[str, ...]]


def share(value: float | None) -> str:
    """Write a share as a percentage; nothing of what is not known."""
    return "" if value is None or value != value else f"{value:.2%}"  # noqa: PLR0124  # NaN is not itself


def number(value: float | None, form: str) -> str:
    """Write a figure in a form; nothing of what is not known."""
    return "" if value is None or value != value else f"{value:{form}}"  # noqa: PLR0124  # NaN is not itself


def bounds(row: Row, form: str = ".4f") -> str:
    """Write a row's interval; nothing where there is none."""
    low, high = number(row["low"], form), number(row["high"], form)
    return f"{low} – {high}" if low and high else ""


def verdict(row: Row) -> str:
    """Give the verdict on what was expected: within the interval of what was observed, or not; none on no loans."""
    if row.get("loans") == 0:
        return ""
    return "@pass" if row["holds"] else "@warn"
