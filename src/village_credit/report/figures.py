"""A figure and a gate's threshold as a reader of the page writes them: no exponents, no foreign words."""

from __future__ import annotations

import re
from decimal import Decimal

from village_credit.report.translations import Text, joined, translated

UNITS = ("count", "days", "households", "townships", "extracts", "tables", "checks")
PERCENT = ("share", "change")
SIDE = re.compile(r"(warn|fail) (above|below) (\S+?)(?=,|$| )")
EXACT = "0, no override"


def plain_figure(value: float) -> str:
    """Write a figure with four digits that count, and never as 1e-05."""
    return format(Decimal(f"{value:.4g}"), ",f")


def figure_of(value: float, unit: str = "") -> str:
    """Write a gate's figure: a share as a percentage, any other as it is."""
    return f"{plain_figure(value * 100)}%" if unit in PERCENT else plain_figure(value)


def threshold_text(text: str, unit: str = "") -> Text:
    """Write a gate's threshold in words; a text of another form stays as it is. `unit`: of the gate's figure."""
    sides = SIDE.findall(text)
    if not sides:
        return translated("thresholds", "exact") if text == EXACT else text
    told = SIDE.sub("", text).strip(" ,")
    named = translated("units", told) if told in UNITS else ""
    between = translated("thresholds", "between")
    said: Text = ""
    for side, way, at in sides:
        one = translated(
            "thresholds", way, at=joined(figure_of(float(at), unit), named), verdict=translated("verdicts", side)
        )
        said = joined(said, between, one) if said else one
    return said
