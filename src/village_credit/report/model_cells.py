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
    """Write a row's interval."""
    return f"{row['low']:{form}} – {row['high']:{form}}"


def verdict(row: Row) -> str:
    """Give the verdict on what was expected: within the interval of what was observed, or not."""
    return "@pass" if row["holds"] else "@warn"
