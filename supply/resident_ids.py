"""A rule of ours beside those of detect-secrets: an ID number that may be somebody's.

Eighteen characters of a published county with a check digit that fits (GB 11643). Counties that do not exist (659900,
653199) are no finding: the synthetic people are theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
KIND = "Resident ID number"
NUMBER = re.compile(r"(?<!\d)\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dXx])")
CODES = Path(__file__).resolve().parents[1] / "src" / "village_credit" / "link" / "area_codes.csv"


@cache
def counties() -> frozenset[str]:
    """Return the codes of counties, present and former."""
    return frozenset(CODES.read_text(encoding="utf-8").split()[1:])


def may_be_somebody_s(text: str) -> bool:
    """Tell a number that an office may have given out from any other of its length."""
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], WEIGHTS, strict=True))
    return text[:6] in counties() and CHECKS[total % 11] == text[17].upper()


def numbers_in(line: str) -> Iterator[str]:
    """Return the numbers of a line that may be somebody's."""
    yield from filter(may_be_somebody_s, NUMBER.findall(line))
