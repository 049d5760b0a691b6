"""Who is held on a day: the day is China's."""

from __future__ import annotations

from datetime import date

from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry


def act(number: int, name: str, at: str) -> Entry:
    details = {"county_code": "659900", "household_key": "h", "reason": "x"}
    return Entry(number, name, at, "3003", "", details, "")


def test_a_hold_in_the_night_counts_from_the_next_day_in_china():
    acts = Ledger([act(1, "hold", "2026-11-05T17:00:00+00:00"), act(2, "release", "2026-11-08T16:00:00+00:00")])
    held = {day: bool(holds_in_force(acts.until(date(2026, 11, day)))) for day in (5, 6, 8, 9)}
    assert held == {5: False, 6: True, 8: True, 9: False}
