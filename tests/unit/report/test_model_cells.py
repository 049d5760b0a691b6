"""Cells of a scorecard's evidence: what nobody knows is empty, and no loans get no verdict."""

from __future__ import annotations

import pytest

from village_credit.report.model_cells import bounds, share, verdict

NAN = float("nan")


@pytest.mark.parametrize(("low", "high", "told"), [(0.01, 0.05, "1.00% – 5.00%"), (NAN, NAN, ""), (0.0, NAN, "")])
def test_an_interval_is_written_whole_or_not_at_all(low, high, told):
    assert bounds({"low": low, "high": high}, ".2%") == told
    assert share(NAN) == share(None) == ""


@pytest.mark.parametrize(
    ("row", "told"),
    [({"loans": 0, "holds": True}, ""), ({"loans": 9, "holds": True}, "@pass"), ({"holds": False}, "@warn")],
)
def test_a_band_without_loans_has_no_verdict(row, told):
    assert verdict(row) == told
