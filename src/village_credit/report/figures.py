"""A figure and a gate's threshold as a reader of the page writes them: no exponents, no foreign words."""

from __future__ import annotations

import re
from decimal import Decimal

UNITS_ZH = {
    "count": "个",
    "days": "天",
    "households": "户",
    "townships": "个乡镇",
    "extracts": "份",
    "tables": "张表",
    "checks": "项",
}
SIDE = re.compile(r"(warn|fail) (above|below) (\S+?)(?=,|$| )")
WAYS_ZH, VERDICTS_ZH = {"above": "高于", "below": "低于"}, {"warn": "注意", "fail": "不通过"}
SAID_ZH = {"0, no override": "须为 0，不可越过"}


def plain_figure(value: float) -> str:
    """Write a figure with four digits that count, and never as 1e-05."""
    return format(Decimal(f"{value:.4g}"), ",f")


def threshold_zh(text: str) -> str:
    """Write a gate's threshold in Chinese; a text of another form stays as it is."""
    sides = SIDE.findall(text)
    if not sides:
        return SAID_ZH.get(text, text)
    unit = UNITS_ZH.get(SIDE.sub("", text).strip(" ,"), "")
    told = (f"{WAYS_ZH[way]} {plain_figure(float(at))}{unit} {VERDICTS_ZH[side]}" for side, way, at in sides)
    return "，".join(told)
