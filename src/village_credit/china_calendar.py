"""Days in China: the day of a moment, today, and the working days with holidays and shifted weekends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta, timezone
from functools import cache

from chinese_calendar import is_workday
from chinese_calendar.constants import holidays

from data_contracts.working_days import WorkingDays, WorkingDaysRefused, read_year, year_files

LOG = logging.getLogger(__name__)
CHINA = timezone(timedelta(hours=8))


def day_in_china(at: str) -> date:
    """Return the day that it was in China at a moment of the ledger (UTC)."""
    return datetime.fromisoformat(at).astimezone(CHINA).date()


FIRST_YEAR = min(holidays).year


@cache
def _years_of_files() -> dict[int, WorkingDays]:
    """Return the years that have a sound file; an unsound one is told, and the calendar goes on as without it.

    Nobody's line waits to be stopped for a slip in a calendar.
    """
    found = {}
    for file in year_files():
        try:
            year = read_year(file)
        except WorkingDaysRefused as refusal:
            LOG.warning("%s; clocks of that year stay open until the file is mended", refusal)
        else:
            found[year.year] = year
    return found


@cache
def last_year() -> int:
    """Return the last year up to which every year's holidays are known to their end, by the library or by a file.

    New Year's Day falls in each; a later year's alone would not say the year.
    """
    years = {day.year for day in holidays if day.month >= 10}  # the October holiday: the whole year was announced
    known = int(max(years))
    while known + 1 in _years_of_files():
        known += 1
    return known


def is_working_day(day: date) -> bool:
    """Tell whether a day is worked; of a year up to `last_year` only."""
    own = _years_of_files().get(day.year)
    return own.is_worked(day) if own else bool(is_workday(day))


def working_calendar(first_year: int) -> list[tuple[date, int]]:
    """Return each day from a year to the last that is known, with the working days up to it, that day among them."""
    day, end, count = date(max(first_year, FIRST_YEAR), 1, 1), date(last_year(), 12, 31), 0
    found = []
    while day <= end:
        count += is_working_day(day)
        found.append((day, count))
        day += timedelta(days=1)
    return found


# Of the demonstration alone, whose synthetic county lives in the past; a test holds the rest of the house to that.
_as_if: ContextVar[datetime | None] = ContextVar("as_if", default=None)


@contextmanager
def as_if_at(moment: datetime) -> Iterator[None]:
    """Have acts and `today` go by a moment instead of this machine's clock."""
    token = _as_if.set(moment)
    try:
        yield
    finally:
        _as_if.reset(token)


def moment_as_if() -> datetime | None:
    """Return the moment that the demonstration goes by; none: the clock holds, as everywhere else."""
    return _as_if.get()


def today() -> date:
    """Return the day in China."""
    return (moment_as_if() or datetime.now(CHINA)).astimezone(CHINA).date()
