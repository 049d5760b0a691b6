"""Crop seasons within a revolving line: their days in a year, and what is unsound of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from village_credit.policy.model import Policy, PolicyInForce
from village_credit.policy.sections import Season

SECTION = "seasons"


@dataclass(frozen=True)
class Window:
    """A season of one year: first and last day on which it may be drawn, and the day on which it is due."""

    season: Season
    opens_on: date
    closes_on: date
    due_on: date


def window_from(season: Season, year: int) -> Window:
    """Return the season that opens in a year; it closes, and is then due, on the first such days after it opens."""
    opens_on = _day(year, season.opens)
    closes_on = _first_after(season.closes, opens_on)
    return Window(season, opens_on, closes_on, _first_after(season.due, closes_on))


def windows_ahead(policy: PolicyInForce, first: date) -> list[Window]:
    """Return each season in force once: the first that has not closed before a day."""
    ahead = []
    for season in policy.seasons():
        years = (first.year - 1, first.year, first.year + 1)
        ahead.append(next(w for year in years if (w := window_from(season, year)).closes_on >= first))
    return ahead


def season_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name place and fault of each season of an unknown county or crop, or of a product that does not revolve.

    And of each product whose seasons come to more than the whole line on some day.
    """
    for number, one in enumerate(policy.seasons):
        if one.county and one.county not in policy.service_area:
            yield f"{SECTION}.{number}", f"county {one.county} is not in the service area"
        if one.crop and one.crop not in {norm.crop for norm in policy.crop_norms}:
            yield f"{SECTION}.{number}", f"crop {one.crop} has no norm in this policy: nobody would be known to grow it"
        if policy.products[one.product].repayment != "revolving":
            yield f"{SECTION}.{number}", f"{one.product} is repaid in instalments: only a revolving line has seasons"
    told = Counter((one.product, one.season, one.county, one.from_) for one in policy.seasons)
    for (product, season, county, day), count in told.items():
        if count > 1:
            where = f" in county {county}" if county else ""
            yield f"{SECTION}.{product}", f"{season} is told {count} times from {day}{where}: one word each day"
    for day in sorted({one.from_ for one in policy.seasons}):
        for county in policy.service_area:
            yield from _beyond(policy.in_force(day, county).seasons(), day, county)


def _beyond(seasons: list[Season], day: date, county: str) -> Iterator[tuple[str, str]]:
    for product in sorted({season.product for season in seasons}):
        mine = [window_from(s, year) for s in seasons if s.product == product for year in range(2001, 2005)]
        most, when = max(_outstanding(mine))
        if most > 1:
            told = f"from {day} in county {county} the seasons of {product} come to {most:.0%} of the line"
            yield f"{SECTION}.{product}", f"{told} on {when:%m-%d}: no day may have more than all of it"


def _outstanding(windows: list[Window]) -> Iterator[tuple[Decimal, date]]:
    """Return the share of the line that is open or still to be repaid where a season opens: it grows nowhere else."""
    for opening in windows:
        day = opening.opens_on
        yield sum((w.season.share for w in windows if w.opens_on <= day <= w.due_on), Decimal(0)), day


def _day(year: int, month_and_day: str) -> date:
    return date.fromisoformat(f"{year}-{month_and_day}")


def _first_after(month_and_day: str, day: date) -> date:
    return next(found for year in (day.year, day.year + 1) if (found := _day(year, month_and_day)) > day)
