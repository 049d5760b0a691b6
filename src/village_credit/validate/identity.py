"""An ID number is told apart by what is left of it; only a whole, checked one stands by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from data_contracts.fields import check_character

VALID, VALID_15, DAMAGED, MASKED, CHECK_DIGIT = "valid", "valid_15", "excel_damaged", "masked", "check_digit"
MALFORMED, UNRECOVERABLE, OTHER_DOCUMENT, EMPTY = "malformed", "unrecoverable", "other_document", "empty"
REFUSED = {MALFORMED: "ID_MALFORMED", UNRECOVERABLE: "ID_UNRECOVERABLE"}
RESIDENT_ID_DOCUMENT = "1"

_EIGHTEEN = re.compile(r"^[1-9][0-9]{16}[0-9X]$")
_FIFTEEN = re.compile(r"^[1-9][0-9]{14}$")
_DAMAGED = re.compile(r"^[1-9][0-9]{14}\*\*\*$")
_MASKED = re.compile(r"^[0-9]{4,14}[*]{3,12}[0-9X]{0,4}$")
_SCIENTIFIC = re.compile(r"^[0-9](?:\.[0-9]+)?E\+?[0-9]+$")
ODDS_OF_000 = 110  # of numbers that fail, ten in eleven of the cut ones do: a hundred whole ones hide none by chance
CENTURY_OF_15_DIGITS = "19"  # fifteen-digit numbers were issued until 1999


def id_status(number: str | None) -> str:
    """Classify a normalised ID number."""
    if number is None:
        return EMPTY
    if _EIGHTEEN.match(number):
        return _status_of_18(number)
    if _FIFTEEN.match(number):
        return VALID_15 if is_calendar_day(CENTURY_OF_15_DIGITS + number[6:12]) else CHECK_DIGIT
    if _DAMAGED.match(number):
        return DAMAGED
    if _MASKED.match(number) and len(number) in (15, 18):
        return MASKED
    return UNRECOVERABLE if _SCIENTIFIC.match(number) else MALFORMED


def _status_of_18(number: str) -> str:
    if check_character(number[:17]) == number[17] and is_calendar_day(number[6:14]):
        return VALID
    return DAMAGED if number.endswith("000") else CHECK_DIGIT


def as_a_column(numbers: Sequence[str | None], statuses: list[str]) -> list[str]:
    """Return the statuses of a column's numbers, judged together.

    A spreadsheet that took a column for numbers leaves fifteen digits and 000, a program that kept them as floating
    point some digits, all of which a double holds exactly; one in eleven passes its check all the same. By themselves
    one number in 1,100 ends in a fitting 000, one in sixteen or fewer is a double's.
    """
    whole = [place for place, status in enumerate(statuses) if status == VALID]
    cut = [place for place in whole if (numbers[place] or "").endswith("000")]
    numeric = [place for place in whole if not (numbers[place] or "").endswith("X")]
    failing = sum(status == DAMAGED for status in statuses)
    if cut and (failing * ODDS_OF_000 > len(numeric) or 2 * len(cut) > max(len(numeric), 2)):
        return _with_damage(statuses, cut)
    doubles = [place for place in numeric if _is_double(numbers[place])]
    others = [number for number, status in zip(numbers, statuses, strict=True) if status == CHECK_DIGIT and number]
    rounded = sum(map(_is_double, others))
    is_rounded = rounded >= 3 and 2 * (rounded + len(doubles)) > len(others) + len(numeric)
    return _with_damage(statuses, doubles) if is_rounded else statuses


def _with_damage(statuses: list[str], places: list[int]) -> list[str]:
    damaged = set(places)
    return [DAMAGED if place in damaged else status for place, status in enumerate(statuses)]


def _is_double(number: str | None) -> bool:
    """Tell whether floating point holds a number exactly, as it does every number that went through it."""
    return number is not None and number.isdigit() and int(float(number)) == int(number)


def is_calendar_day(digits: str) -> bool:
    """Tell whether YYYYMMDD is a day of the calendar."""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).year >= 1900
    except ValueError:
        return False


def completed(number: str) -> str:
    """Complete a fifteen-digit number by rule: century 19 and its check character."""
    first_17 = number[:6] + CENTURY_OF_15_DIGITS + number[6:]
    return first_17 + check_character(first_17)


def whole(number: str | None, status: str) -> str | None:
    """Return a person's whole number, where that much can be read."""
    if status == VALID:
        return number
    return completed(number) if number and status == VALID_15 else None


def masked(number: str) -> str:
    """Show an ID number as JR/T 0171 allows: four digits, stars, two."""
    return f"{number[:4]}{'*' * (len(number) - 6)}{number[-2:]}" if len(number) >= 15 else "*" * len(number)
