"""What the ledger says becomes small tables of spans of days in China, from which what held at a month's end is told.

A span begins on `from_on` and ends before `until_on` (null: it goes on). Of a day the last act counts, as in every
question of what was in force on a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from types import MappingProxyType
from typing import Any

from village_credit.china_calendar import day_in_china
from village_credit.ledger.branch_limits import BranchLimit, branch_words
from village_credit.ledger.holds import HOLD, RELEASE
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.publications import Publication, after_each
from village_credit.ledger.returned import ACKNOWLEDGE, RECORD_USAGE

SPAN = MappingProxyType({"from_on": "DATE", "until_on": "DATE"})
TIMES = {
    "stood": {
        "county_code": "VARCHAR",
        "place": "BIGINT",
        "publication_id": "VARCHAR",
        "run_id": "VARCHAR",
        "product": "VARCHAR",
        "published_at": "TIMESTAMPTZ",
        **SPAN,
    },
    "was_held": {"household_key": "VARCHAR", "since": "TIMESTAMPTZ", **SPAN},
    "branch_words": {
        "publication_id": "VARCHAR",
        "household_key": "VARCHAR",
        "product": "VARCHAR",
        "branch_limit_yuan": "BIGINT",
        **SPAN,
    },
    "returned": {"record": "VARCHAR", "act": "BIGINT"},
    "last_day": {"day": "DATE"},
}
Rows = Iterable[tuple[Any, ...]]
Span = tuple[date, date | None]


def ledger_times(ledger: Ledger) -> dict[str, Rows]:
    """Return the rows of each table of TIMES: what stood, was held and was said when, and the day of the last act."""
    sent_back = [entry for entry in ledger if entry.act in (ACKNOWLEDGE, RECORD_USAGE)]
    return {
        "stood": list(_stood(ledger)),
        "was_held": list(_was_held(ledger)),
        "branch_words": list(_branch_words(ledger)),
        "returned": [(entry.details["record"], entry.number) for entry in sent_back],
        "last_day": [(day_in_china(entry.at),) for entry in ledger[-1:]],
    }


def _stood(ledger: Ledger) -> Iterator[tuple[Any, ...]]:
    """Yield each publication for the span in which it stood for its county, `place` as its number in the ledger."""
    for county in sorted({act.county_code for act in ledger.county_acts}):
        steps = after_each(ledger.county_acts_of(county))
        by_day = {day_in_china(act.published_at): standing for act, standing in steps}  # of a day the last
        for one, *span in _spans(by_day):
            yield county, one.number, one.publication_id, one.run_id, one.product, one.published_at, *span


def _spans(by_day: dict[date, list[Publication]]) -> Iterator[tuple[Publication, date, date | None]]:
    """Yield from the first day on which a publication stands to the first after it on which it does not."""
    standing: dict[str, tuple[Publication, date]] = {}
    for day, now in by_day.items():
        kept = {one.publication_id for one in now}
        for name in sorted(standing.keys() - kept):
            yield *standing.pop(name), day
        for one in now:
            standing.setdefault(one.publication_id, (one, day))
    for one, first in standing.values():
        yield one, first, None


def _was_held(ledger: Ledger) -> Iterator[tuple[Any, ...]]:
    """Yield each span in which a household was stopped."""
    held: dict[str, str] = {}
    for entry in ledger:
        key = entry.details.get("household_key", "")
        if entry.act == HOLD:
            held.setdefault(key, entry.at)
        elif entry.act == RELEASE and key in held:
            since = held.pop(key)
            if day_in_china(since) < day_in_china(entry.at):
                yield key, since, day_in_china(since), day_in_china(entry.at)
    for key, since in held.items():
        yield key, since, day_in_china(since), None


def _branch_words(ledger: Ledger) -> Iterator[tuple[Any, ...]]:
    """Yield each limit that a branch set in place of the published one, while no later word counts."""
    for line, words in branch_words(ledger).items():
        for place, word in enumerate(words):
            first, last = _counts(word, words[place + 1 :])
            if word.limit_yuan != word.published_yuan and (last is None or first < last):
                yield *line, word.limit_yuan, first, last


def _counts(word: BranchLimit, later: list[BranchLimit]) -> Span:
    """Return the span of a word: from its receipt's day until the first day of any that was said after it."""
    days = [date.fromisoformat(one.received_on) for one in later]
    return date.fromisoformat(word.received_on), min(days, default=None)
