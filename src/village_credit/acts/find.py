"""Whose household an ID number is of: a look into the vault, which the ledger remembers without the number."""

from __future__ import annotations

from dataclasses import dataclass

from village_credit.acts.households import decision_in_force
from village_credit.acts.tell import key_of
from village_credit.errors import MissingInput, UsageError
from village_credit.publish.ledger import append, read_ledger
from village_credit.publish.store import Store
from village_credit.publish.warehouse import build_warehouse

ACT = "find"


@dataclass(frozen=True)
class Found:
    """A household with a decision in force."""

    household_key: str
    county_code: str
    product: str
    decision: str
    limit_yuan: int
    publication_id: str


def find(store: Store, typed: str, by: str) -> Found:
    """Find the household of a typed ID number (or contractor code) among what is in force.

    Who looked and what was found goes into the ledger, also where it was nobody. Raises MissingInput then.
    """
    if not typed.strip():
        raise UsageError("nothing on standard input: type the ID number there")
    ledger = store.root / "ledger"
    row = decision_in_force(store, read_ledger(ledger), key_of(store, "-", typed))
    key = row["household_key"] if row else None
    append(ledger, ACT, by, "", {"household_key": key, "county_code": row["county_code"] if row else None})
    build_warehouse(store)
    if row is None:
        raise MissingInput(
            "nobody of what is in force has this number; check it, or publish the county first"
        )
    return Found(**{name: row[name] for name in Found.__dataclass_fields__})
