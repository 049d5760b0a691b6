"""Acts follow each other in time, whatever a machine's clock says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.conftest import on_day
from village_credit.ledger.log import append, read_ledger


def test_no_act_is_before_the_last_one_and_a_clock_that_is_behind_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    for day in (date(2026, 11, 2), date(2026, 11, 1), date(2026, 11, 3)):
        with on_day(day):
            append(tmp_path, "hold", "1001", "", {})
    assert [entry.at[:10] for entry in read_ledger(tmp_path)] == ["2026-11-02", "2026-11-02", "2026-11-03"]
    assert [entry.details.get("clock", "")[:10] for entry in read_ledger(tmp_path)] == ["", "2026-11-01", ""]
    assert "set the clock" in caplog.text
