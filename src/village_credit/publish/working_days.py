"""The working days of mainland China, holidays and shifted weekends reckoned in; a year that nobody announced is not guessed."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from chinese_calendar import is_workday
from chinese_calendar.constants import holidays

FIRST_YEAR = min(holidays).year


@cache
def last_year() -> int:
    """Give the last year whose holidays the calendar knows to its end.

    New Year's Day falls in each; a later year's alone would not say the year.
    """
    years = {
        day.year for day in holidays if day.month >= 10
    }  # the October holiday: the whole year was announced
    return int(max(years))


def working_calendar(first_year: int) -> list[tuple[date, int]]:
    """Give each day from a year to the last that is known, with the working days up to it, that day among them."""
    day, end, count = date(max(first_year, FIRST_YEAR), 1, 1), date(last_year(), 12, 31), 0
    found = []
    while day <= end:
        count += is_workday(day)
        found.append((day, count))
        day += timedelta(days=1)
    return found
