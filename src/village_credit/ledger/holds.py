"""Which households are stopped between runs, by the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from village_credit.china_calendar import day_in_china
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import Publication

HOLD, RELEASE = "hold", "release"


@dataclass(frozen=True)
class Hold:
    """A household that is stopped: since when, and by whom; why stays in the ledger, for it may name people."""

    household_key: str
    county_code: str
    since: str
    held_by: str


def holds_in_force(entries: Iterable[Entry]) -> list[Hold]:
    """Return who is held, by household_key.

    Of every county: a household is stopped wherever it is scored, and one that an extract of another county names too.
    """
    held: dict[str, Hold] = {}
    for entry in entries:
        key = entry.details.get("household_key", "")
        if entry.act == HOLD:
            held[key] = Hold(key, entry.details["county_code"], entry.at, entry.by)
        elif entry.act == RELEASE:
            held.pop(key, None)
    return [held[key] for key in sorted(held)]


def held_keys(entries: Iterable[Entry]) -> list[str]:
    """Name the held households, sorted."""
    return [hold.household_key for hold in holds_in_force(entries)]


def stops(entries: Iterable[Entry]) -> list[tuple[Entry, Publication]]:
    """Return each hold and release with the small publication that tells its branch.

    `hold-NNNNNNNN`, by ledger number.
    """
    return [
        (e, Publication(f"{e.act}-{e.number:08d}", "", e.details["county_code"], None, _day(e), e.at, e.number))
        for e in entries
        if e.act in (HOLD, RELEASE)
    ]


def _day(entry: Entry) -> str:
    return day_in_china(entry.at).isoformat()
