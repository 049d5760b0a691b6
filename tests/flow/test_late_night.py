"""A night that runs late: where a later day is staged already, nobody needs it, and it says so."""

from __future__ import annotations

import logging
from datetime import date, timedelta

import pytest

from pipelines import steps
from tests.conftest import AS_OF, COUNTY_OF_TESTS, Scored


def test_a_late_night_is_skipped_for_the_counties_of_which_a_later_day_is_staged(
    staged: Scored, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(staged.store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(staged.store.root.parent / "keys"))
    monkeypatch.setattr(steps, "get_run_logger", logging.getLogger)
    asked = [COUNTY_OF_TESTS, "653199"]  # of the second nothing is staged
    with caplog.at_level(logging.WARNING):
        assert steps.with_a_later_day.fn(asked, AS_OF - timedelta(days=1)) == [COUNTY_OF_TESTS]
    assert f"{COUNTY_OF_TESTS}: a later day than" in caplog.text
    assert steps.with_a_later_day.fn(asked, AS_OF) == []
    assert steps.with_a_later_day.fn(asked, date(2027, 1, 1)) == []


def test_the_first_night_of_all_is_no_late_one(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(tmp_path / "none"))
    assert steps.with_a_later_day.fn([COUNTY_OF_TESTS], AS_OF) == []
