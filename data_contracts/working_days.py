"""A year's days off and shifted weekends, as the State Council's office announces them at the end of the year before.

A year stands in a file of its own, `working_days/<year>.toml`, from the day of its announcement until the calendar
library of a later version knows it; the file goes before the library.
"""

from __future__ import annotations

from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.toml_file import Text, read_toml

SATURDAY = 5


class WorkingDaysRefused(ValueError):
    """A year's file is unsound: says which and why."""


class WorkingDays(BaseModel):
    """`days_off`: every day of the announcement on which nobody works; `working_weekends`: weekends that are worked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    year: Annotated[int, Field(ge=2026, le=2100)]
    reference: Text
    days_off: frozenset[date]
    working_weekends: frozenset[date]

    @model_validator(mode="after")
    def _check(self) -> Self:
        strange = [day for day in self.days_off | self.working_weekends if day.year != self.year]
        _say(strange, f"are not of {self.year}")
        _say([day for day in self.working_weekends if day.weekday() < SATURDAY], "are no weekend, and worked anyway")
        _say(self.days_off & self.working_weekends, "are both off and worked")
        if date(self.year, 1, 1) not in self.days_off or not any(day.month == 10 for day in self.days_off):
            raise ValueError("New Year's Day and the holiday of October are in every announcement: give the whole year")
        return self

    def is_worked(self, day: date) -> bool:
        """Tell whether a day of this year is a working day."""
        return day in self.working_weekends or (day.weekday() < SATURDAY and day not in self.days_off)


def _say(days: frozenset[date] | list[date], wrong: str) -> None:
    if days:
        raise ValueError(f"{', '.join(day.isoformat() for day in sorted(days))} {wrong}")


def year_files(folder: Traversable | None = None) -> list[Traversable]:
    """Return the files of years (default: those beside the contracts), in order."""
    place = folder or resources.files("data_contracts").joinpath("working_days")
    return sorted((item for item in place.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)


def read_year(file: Traversable) -> WorkingDays:
    """Read a year's file; raises WorkingDaysRefused, which names it."""
    try:
        found = read_toml(file.read_text("utf-8"), WorkingDays, WorkingDaysRefused)
    except (WorkingDaysRefused, UnicodeDecodeError, OSError) as fault:
        why = type(fault).__name__ if isinstance(fault, OSError) else fault
        raise WorkingDaysRefused(f"working_days/{file.name}: {why}") from None
    if file.name != f"{found.year}.toml":
        raise WorkingDaysRefused(f"working_days/{file.name} says that it is of {found.year}")
    return found
