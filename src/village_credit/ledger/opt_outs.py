"""Which households want no messages and no calls of sale, by the ledger."""

from __future__ import annotations

from collections.abc import Iterable

from village_credit.ledger.log import Entry

OPT_OUT, OPT_IN = "opt_out", "opt_in"


def opted_out(entries: Iterable[Entry]) -> list[str]:
    """Name the households that opted out and did not opt in again, sorted; of every county."""
    found: set[str] = set()
    for entry in entries:
        key = entry.details.get("household_key", "")
        if entry.act == OPT_OUT:
            found.add(key)
        elif entry.act == OPT_IN:
            found.discard(key)
    return sorted(found)
