"""An ID number is told apart by what is left of it; only a whole, checked one stands by itself."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.fields import CHECK_CHARACTERS, WEIGHTS, check_character
from village_credit.texts import parts, scattered

VALID, VALID_15, DAMAGED, MASKED, CHECK_DIGIT = "valid", "valid_15", "excel_damaged", "masked", "check_digit"
MALFORMED, UNRECOVERABLE, OTHER_DOCUMENT, EMPTY = "malformed", "unrecoverable", "other_document", "empty"
REFUSED = {MALFORMED: "ID_MALFORMED", UNRECOVERABLE: "ID_UNRECOVERABLE"}
OF_A_COLUMN = (DAMAGED, OTHER_DOCUMENT)  # what a number by itself does not say
RESIDENT_ID_DOCUMENT = "1"

_EIGHTEEN = re.compile(r"^[1-9][0-9]{16}[0-9X]$")
_FIFTEEN = re.compile(r"^[1-9][0-9]{14}$")
_DAMAGED = re.compile(r"^[1-9][0-9]{14}\*\*\*$")
_MASKED = re.compile(r"^[0-9]{4,14}[*]{3,12}[0-9X]{0,4}$")
_SCIENTIFIC = re.compile(r"^[0-9](?:\.[0-9]+)?E\+?[0-9]+$")
ODDS_OF_000 = 110  # of numbers that fail, ten in eleven of the cut ones do: a hundred whole ones hide none by chance
PART_NUMBERS = 65_536  # whose digits are arrays at once
_PLACES = np.array((1000, 100, 10, 1))
_MONTH_DAYS = np.array((0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0))
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


def statuses_of(numbers: pa.StringArray) -> pa.StringArray:
    """Classify normalised ID numbers as `id_status` does one by one; null where there is none."""
    if len(numbers) > PART_NUMBERS:
        return pa.chunked_array(map(statuses_of, parts(numbers, PART_NUMBERS))).combine_chunks()
    whole = pc.fill_null(pc.match_substring_regex(numbers, _EIGHTEEN.pattern), fill_value=False)
    found = pa.nulls(len(numbers), pa.string())
    found = pc.replace_with_mask(found, whole, _statuses_of_18(numbers.filter(whole)))
    others = pc.and_(pc.invert(whole), pc.is_valid(numbers))
    return scattered(found, others, map(id_status, numbers.filter(others).to_pylist()))


def _statuses_of_18(numbers: pa.StringArray) -> pa.StringArray:
    """Classify numbers of eighteen characters by their check character and their day, over arrays of digits."""
    characters = _characters(numbers)
    digits = characters[:, :17].astype(np.int64) - ord("0")
    check = np.frombuffer(CHECK_CHARACTERS.encode(), np.uint8)[digits @ np.array(WEIGHTS) % len(CHECK_CHARACTERS)]
    is_valid = (check == characters[:, 17]) & _are_calendar_days(digits[:, 6:14])
    is_cut = (characters[:, 15:] == ord("0")).all(axis=1)
    names = np.array([CHECK_DIGIT, DAMAGED, VALID])
    return pa.array(names[np.where(is_valid, 2, np.where(is_cut, 1, 0))], pa.string())


def _characters(numbers: pa.StringArray) -> np.ndarray:
    """Return the characters of numbers that have eighteen each: a row a number."""
    joined = pc.binary_join(pa.ListArray.from_arrays([0, len(numbers)], numbers), "")[0].as_py() if len(numbers) else ""
    return np.frombuffer(joined.encode(), np.uint8).reshape(-1, 18)


def _are_calendar_days(digits: np.ndarray) -> np.ndarray:
    """Tell which YYYYMMDD are days of the calendar, from 1900 on."""
    year, month, day = digits[:, :4] @ _PLACES, digits[:, 4:6] @ _PLACES[2:], digits[:, 6:] @ _PLACES[2:]
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = _MONTH_DAYS[np.clip(month, 0, 13)] + (is_leap & (month == 2))
    found: np.ndarray = (year >= 1900) & (day >= 1) & (day <= longest)
    return found


def as_a_column(numbers: pa.StringArray, statuses: pa.StringArray) -> pa.StringArray:
    """Return the statuses of a column's numbers, judged together.

    A spreadsheet that took a column for numbers leaves fifteen digits and 000, a program that kept them as floating
    point some digits, all of which a double holds exactly; one in eleven passes its check all the same. By themselves
    one number in 1,100 ends in a fitting 000, one in sixteen or fewer is a double's.
    """
    whole, failing = pc.equal(statuses, VALID), pc.equal(statuses, CHECK_DIGIT)
    cut = pc.and_(whole, pc.fill_null(pc.ends_with(numbers, "000"), fill_value=False))
    numeric = pc.and_(whole, pc.fill_null(pc.invert(pc.ends_with(numbers, "X")), fill_value=False))
    cuts, numerics, damaged = _count(cut), _count(numeric), _count(pc.equal(statuses, DAMAGED))
    if cuts and (damaged * ODDS_OF_000 > numerics or 2 * cuts > max(numerics, 2)):
        return pc.if_else(cut, DAMAGED, statuses)
    others = _count(failing)
    rounded = _count(_are_doubles(numbers, failing)) if others else 0
    if rounded < 3:
        return statuses
    doubles = _are_doubles(numbers, numeric)
    is_rounded = 2 * (rounded + _count(doubles)) > others + numerics
    return pc.if_else(doubles, DAMAGED, statuses) if is_rounded else statuses


def _count(flags: pa.BooleanArray) -> int:
    return int(pc.sum(flags, min_count=0).as_py())


def _are_doubles(numbers: pa.StringArray, among: pa.BooleanArray) -> pa.BooleanArray:
    """Tell which numbers floating point holds exactly, as it does every number that went through it."""
    among = pc.and_(among, pc.fill_null(pc.match_substring_regex(numbers, "^[0-9]{15,18}$"), fill_value=False))
    asked = numbers.filter(among).cast(pa.int64()).to_numpy()
    found = asked.astype(np.float64).astype(np.int64) == asked
    return pc.replace_with_mask(pc.and_(among, pa.scalar(value=False)), among, pa.array(found))


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
