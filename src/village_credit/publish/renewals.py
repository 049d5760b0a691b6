"""Which lines of a county may start a new term, by signed renewals of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from village_credit.publish.ledger import Entry

RENEW = "renew"


def signed_renewals(entries: Iterable[Entry], county_code: str) -> list[dict[str, Any]]:
    """Give a county's renewals in the order of the ledger: its number there, ending_by (a day), and household_key or None for all its lines."""
    return [
        {"number": e.number, "ending_by": e.details["ending_by"], "household_key": e.details["household_key"]}
        for e in entries
        if e.act == RENEW and e.details["county_code"] == county_code
    ]
