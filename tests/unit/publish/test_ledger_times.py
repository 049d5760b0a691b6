"""Spans of days say what the ledger says day by day: what stood, who was held, what branches had set."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import Publication
from village_credit.publish.ledger_times import TIMES, ledger_times

FIRST = datetime(2026, 11, 1, 10, tzinfo=UTC)
DAYS = [date(2026, 10, 30) + timedelta(days) for days in range(12)]
COUNTIES, KEYS, PRODUCTS = ("659900", "659999"), ("ha", "hb"), (None, "trader_loan")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["publish", "publish", "rollback", "withdraw", "hold", "release", "acknowledge"]),
        st.integers(0, 60),  # hours since the act before: nights in UTC are mornings in China
        st.sampled_from(COUNTIES),
        st.sampled_from(KEYS),
        st.sampled_from(PRODUCTS),
        st.integers(0, 8),
    ),
    max_size=12,
)


class Acts:
    """Acts as a ledger would have them: what is brought back or withdrawn was published."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.published: dict[str, list[str]] = {county: [] for county in COUNTIES}
        self.products: dict[str, str | None] = {}
        self.now = FIRST

    def add(self, act: str, hours: int, county: str, key: str, product: str | None, chosen: int) -> None:
        self.now += timedelta(hours=hours)
        details = self._details(act, county, key, product, chosen)
        if details is not None:
            number = len(self.entries) + 1
            run_id = f"r{number}"
            self.entries.append(Entry(number, act, self.now.isoformat(), "1001", run_id, details, ""))

    def _details(self, act: str, county: str, key: str, product: str | None, chosen: int) -> dict[str, Any] | None:
        earlier, number = self.published[county], len(self.entries) + 1
        told = {"county_code": county, "publication_id": f"p{number}", "as_of": "2026-11-01", "product": None}
        if act in ("hold", "release"):
            return {"county_code": county, "household_key": key}
        if act == "acknowledge":
            return self._receipt(county, key, chosen)
        if act == "publish":
            product = product if earlier else None
            self.published[county].append(f"p{number}")
            self.products[f"p{number}"] = product
            return told | {"product": product}
        if not earlier:
            return None
        if act == "withdraw":
            return told | {"withdraws": [earlier[-1]]}
        back = earlier[chosen % len(earlier)]
        self.published[county].append(f"p{number}")
        self.products[f"p{number}"] = self.products[back]
        return told | {"restores": back, "product": self.products[back]}

    def _receipt(self, county: str, key: str, chosen: int) -> dict[str, Any]:
        answered = (self.published[county] or ["p0"])[-1]
        word = {
            "publication_id": answered,
            "household_key": key,
            "product": "farmer_line",
            "published_yuan": 40_000,
            "limit_yuan": (0, 30_000, 40_000)[chosen % 3],
            "received_on": DAYS[chosen].isoformat(),
            "branch_code": "0071",
        }
        return {"changed": [word], "record": f"u{len(self.entries)}"}


def covering(rows: list[tuple[Any, ...]], day: date) -> list[tuple[Any, ...]]:
    """The rows of spans that a day lies in."""
    return [row for row in rows if row[-2] <= day and (row[-1] is None or day < row[-1])]


def standing_row(one: Publication) -> tuple[Any, ...]:
    return one.county_code, one.number, one.publication_id, one.run_id, one.product, one.published_at


@given(STEPS)
def test_on_each_day_spans_say_what_the_ledger_says(steps: list[tuple[Any, ...]]):
    acts = Acts()
    for step in steps:
        acts.add(*step)
    ledger = Ledger(acts.entries)
    told = {name: list(rows) for name, rows in ledger_times(ledger).items()}
    for day in DAYS + [acts.now.date() + timedelta(days) for days in range(-1, 3)]:
        then = ledger.until(day)
        stood = [row[:6] for row in covering(told["stood"], day)]
        assert sorted(stood, key=str) == sorted(map(standing_row, then.in_force), key=str)
        assert sorted(row[0] for row in covering(told["was_held"], day)) == [
            h.household_key for h in holds_in_force(then)
        ]
        words = {key: said.limit_yuan for key, said in branch_limits(ledger, day).items()}
        assert {row[:3]: row[3] for row in covering(told["branch_words"], day)} == words


def test_each_row_has_the_columns_that_are_declared():
    acts = Acts()
    for act in ("publish", "hold", "acknowledge"):
        acts.add(act, 30, "659900", "ha", None, 1)
    told = {name: list(rows) for name, rows in ledger_times(Ledger(acts.entries)).items()}
    assert told.keys() == TIMES.keys()
    assert all(len(row) == len(TIMES[name]) for name, rows in told.items() for row in rows)
    assert all(told.values())
    assert told["last_day"] == [(acts.now.date() + timedelta(acts.now.hour >= 16),)]


def test_an_act_of_the_night_counts_from_china_s_day():
    acts = Acts()
    acts.now = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    acts.add("publish", 0, "659900", "ha", None, 0)
    acts.now = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    acts.add("publish", 0, "659900", "ha", None, 0)
    spans = [row[-2:] for row in ledger_times(Ledger(acts.entries))["stood"]]
    assert spans == [(date(2026, 11, 30), date(2026, 12, 1)), (date(2026, 12, 1), None)]


def test_of_a_day_s_acts_the_last_counts():
    acts = Acts()
    for _ in range(2):
        acts.add("publish", 0, "659900", "ha", None, 0)
    assert [row[2] for row in ledger_times(Ledger(acts.entries))["stood"]] == ["p2"]
