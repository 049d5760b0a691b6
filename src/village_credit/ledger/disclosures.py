"""What left, by whose word and to whom: the ledger's acts of disclosure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from village_credit.ledger.log import Entry
from village_credit.signatures import folded_name

DISCLOSE = "disclose"


def disclosures(entries: Iterable[Entry]) -> list[Entry]:
    """Return the acts by which something left, in the order of the ledger."""
    return [entry for entry in entries if entry.act == DISCLOSE]


def same_disclosure(entries: Iterable[Entry], digest: str, recipient: str) -> Entry | None:
    """Return the act by which the same files left for the same recipient; None: there was none."""
    to = folded_name(recipient)
    mine = [entry for entry in disclosures(entries) if entry.details["digest"] == digest]
    return next((entry for entry in mine if folded_name(entry.details["recipient"]) == to), None)


def disclosure_rows(entries: Iterable[Entry]) -> list[tuple[Any, ...]]:
    """Return each disclosure as analysts see it; why it left stays in the ledger, for a reason may name people."""
    names = ("kind", "digest", "files", "bytes", "recipient", "second", "month", "counties")
    return [
        (entry.number, entry.at, entry.by, *(entry.details.get(name) for name in names))
        for entry in disclosures(entries)
    ]
