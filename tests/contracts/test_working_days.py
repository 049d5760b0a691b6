"""A year's working days come from a file where the library does not know them yet."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from chinese_calendar import is_workday

from data_contracts.working_days import WorkingDays, WorkingDaysRefused, read_year, year_files
from village_credit import china_calendar

YEAR = china_calendar.last_year() + 1
SUNDAY = next(day for n in range(7) if (day := date(YEAR, 9, 20) + timedelta(days=n)).weekday() == 6)
WEDNESDAY = SUNDAY - timedelta(days=4)


def written(folder: Path, year: int = YEAR, name: str | None = None, **changes: list[date]) -> Path:
    days = {"days_off": [date(year, 1, 1), date(year, 10, 1)], "working_weekends": [], **changes}
    lines = [f"{key} = [{', '.join(day.isoformat() for day in value)}]" for key, value in days.items()]
    text = "\n".join([f"year = {year}", 'reference = "示例"', *lines, ""])
    (folder / (name or f"{year}.toml")).write_text(text, "utf-8")
    return folder


def years_in(folder: Path) -> dict[int, WorkingDays]:
    return {year.year: year for year in map(read_year, year_files(folder))}


@pytest.fixture
def of_next_year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The product's own folder is another, with the year after the last that the library knows."""
    own = [date(YEAR, 1, 1), date(YEAR, 10, 1), WEDNESDAY]
    known = years_in(written(tmp_path, days_off=own, working_weekends=[SUNDAY]))
    monkeypatch.setattr(china_calendar, "_years_of_files", lambda: known)
    china_calendar.last_year.cache_clear()
    yield
    china_calendar.last_year.cache_clear()


def test_a_year_s_file_carries_the_calendar_on(of_next_year: None):
    assert china_calendar.last_year() == YEAR
    counted = dict(china_calendar.working_calendar(YEAR - 1))
    assert max(counted) == date(YEAR, 12, 31)
    assert counted[SUNDAY] - counted[SUNDAY - timedelta(days=1)] == 1  # worked
    assert counted[WEDNESDAY] - counted[WEDNESDAY - timedelta(days=1)] == 0  # free
    thursday = WEDNESDAY + timedelta(days=1)
    assert counted[thursday] - counted[WEDNESDAY] == 1
    assert counted[date(YEAR - 1, 12, 31)] == sum(
        is_workday(date(YEAR - 1, 1, 1) + timedelta(days=n)) for n in range(366 if (YEAR - 1) % 4 == 0 else 365)
    )


def test_a_year_that_leaves_a_gap_carries_nothing_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    known = years_in(written(tmp_path, YEAR + 1))
    monkeypatch.setattr(china_calendar, "_years_of_files", lambda: known)
    china_calendar.last_year.cache_clear()
    try:
        assert china_calendar.last_year() == YEAR - 1
    finally:
        china_calendar.last_year.cache_clear()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"working_weekends": [WEDNESDAY]}, "are no weekend"),
        (
            {"days_off": [date(YEAR, 1, 1), date(YEAR, 10, 1), SUNDAY], "working_weekends": [SUNDAY]},
            "both off and worked",
        ),
        ({"days_off": [date(YEAR, 1, 1), date(YEAR, 10, 1), date(YEAR + 1, 1, 1)]}, f"are not of {YEAR}"),
        ({"days_off": [date(YEAR, 1, 1)]}, "give the whole year"),
        ({"name": "2099.toml"}, "says that it is of"),
    ],
)
def test_an_unsound_file_says_what_to_mend(tmp_path: Path, changes, why):
    with pytest.raises(WorkingDaysRefused, match=why):
        years_in(written(tmp_path, **changes))


def test_a_slip_in_a_file_is_told_and_the_calendar_goes_on_as_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    written(tmp_path)
    (tmp_path / f"{YEAR + 1}.toml").write_text("x[", "utf-8")
    (tmp_path / f"{YEAR + 2}.toml").mkdir()
    monkeypatch.setattr(china_calendar, "year_files", lambda: year_files(tmp_path))
    for cached in (china_calendar._years_of_files, china_calendar.last_year):
        cached.cache_clear()
    try:
        assert china_calendar.last_year() == YEAR
    finally:
        for cached in (china_calendar._years_of_files, china_calendar.last_year):
            cached.cache_clear()
    assert f"working_days/{YEAR + 1}.toml: it is not TOML" in caplog.text
    assert f"working_days/{YEAR + 2}.toml: IsADirectoryError" in caplog.text
