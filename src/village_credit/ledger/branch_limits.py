"""The limits that branches set: from the ledger's receipts to what is in force instead of a published figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from village_credit.ledger.log import Entry
from village_credit.ledger.returned import ACKNOWLEDGE

SCHEMA = pa.schema(
    [
        ("publication_id", pa.string()),
        ("household_key", pa.string()),
        ("product", pa.string()),
        ("branch_limit_yuan", pa.int64()),
    ]
)


@dataclass(frozen=True)
class BranchLimit:
    """A limit that a branch set in place of a published one, whole yuan, from its receipt's day on; 0: it refused.

    `by`, `at`: who took the receipt in, and when. `corrects_on`: the day of the receipt that it corrects.
    """

    publication_id: str
    household_key: str
    product: str
    published_yuan: int
    limit_yuan: int
    received_on: str
    branch_code: str
    by: str
    at: str
    corrects_on: str | None = None


PublishedLine = tuple[str, str, str]  # publication_id, household_key, product


def branch_limits(entries: Iterable[Entry], until: date | None = None) -> dict[PublishedLine, BranchLimit]:
    """Return the last word of the branches on each published line (until a day, by the receipts' days).

    A receipt is of one publication: it says nothing of the next one, nor of the same one brought back.
    """
    found = {
        key: [word for word in said if until is None or word.received_on <= until.isoformat()]
        for key, said in branch_words(entries).items()
    }
    last = {key: said[-1] for key, said in found.items() if said}
    return {key: limit for key, limit in last.items() if limit.limit_yuan != limit.published_yuan}


def branch_words(entries: Iterable[Entry]) -> dict[PublishedLine, list[BranchLimit]]:
    """Return what branches said of each published line, in the ledger's order; a corrected word was never said."""
    found: dict[PublishedLine, list[BranchLimit]] = {}
    for entry in entries:
        for said in entry.details["changed"] if entry.act == ACKNOWLEDGE else ():
            limit = BranchLimit(**said, by=entry.by, at=entry.at)
            words = found.setdefault((limit.publication_id, limit.household_key, limit.product), [])
            if words and words[-1].received_on == limit.corrects_on:
                words.pop()
            words.append(limit)
    return found


def limits_table(limits: Iterable[BranchLimit]) -> pa.Table:
    """Return branch limits as a table for SQL."""
    rows = [
        {
            "publication_id": limit.publication_id,
            "household_key": limit.household_key,
            "product": limit.product,
            "branch_limit_yuan": limit.limit_yuan,
        }
        for limit in limits
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)
