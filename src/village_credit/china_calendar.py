"""Days in China: the day of a moment, today, and the working days with holidays and shifted weekends."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import cache

from chinese_calendar import is_workday
from chinese_calendar.constants import holidays

CHINA = timezone(timedelta(hours=8))


def day_in_china(at: str) -> date:
    """Return the day that it was in China at a moment of the ledger (UTC)."""
    return datetime.fromisoformat(at).astimezone(CHINA).date()


FIRST_YEAR = min(holidays).year


@cache
def last_year() -> int:
    """Return the last year whose holidays the calendar knows to its end.

    New Year's Day falls in each; a later year's alone would not say the year.
    """
    years = {day.year for day in holidays if day.month >= 10}  # the October holiday: the whole year was announced
    return int(max(years))


def working_calendar(first_year: int) -> list[tuple[date, int]]:
    """Return each day from a year to the last that is known, with the working days up to it, that day among them."""
    day, end, count = date(max(first_year, FIRST_YEAR), 1, 1), date(last_year(), 12, 31), 0
    found = []
    while day <= end:
        count += is_workday(day)
        found.append((day, count))
        day += timedelta(days=1)
    return found


def today() -> date:
    """Return the day in China."""
    return datetime.now(CHINA).date()
