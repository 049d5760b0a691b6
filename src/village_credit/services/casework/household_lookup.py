"""Whose household a number is of: a look into the vault, which the ledger remembers without the number."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from village_credit.errors import MissingInput, UsageError
from village_credit.identifiers import require_household_key
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import decision_in_force, known_county
from village_credit.ledger.publications import in_force
from village_credit.pseudonyms import household_key, row_key_hash
from village_credit.publish.recording import record
from village_credit.store.store import Store
from village_credit.validate.identity import VALID_15, completed, id_status

ACT = "find"
NOBODY = "nobody of what is in force has this number; check it, or publish the county first"


def key_of(store: Store, named: str, typed: str, by: str) -> str:
    """Return a household's pseudonym: as typed, or (`-`) of a contractor code or ID number from standard input.

    The latter is a look at a person: the ledger keeps who looked before anything is told. Raises UsageError where what
    was typed can be no pseudonym, or nothing was.
    """
    if named != "-":
        return require_household_key(named)
    if not typed.strip():
        raise UsageError("nothing on standard input: type the ID number or contractor code there")
    key, ledger = _key_of_typed(store, typed), Ledger.of(store)
    _remember(store, key, decision_in_force(store, ledger, key), by)
    if known_county(store, ledger, key) is None:
        raise MissingInput(NOBODY)  # not even a pseudonym is told of a number that nobody here has
    return key


def _key_of_typed(store: Store, typed: str) -> str:
    number = _folded(typed)
    return _key_of_number(store, number) or household_key(store.keys, number)


def _remember(store: Store, key: str, row: dict[str, Any] | None, by: str) -> None:
    """Write who looked for whom; of one without a line in force not even the pseudonym: it is of a typed number."""
    county = row["county_code"] if row else None
    record(store, ACT, by, "", {"household_key": key if row else None, "county_code": county})


def _folded(typed: str) -> str:
    """Return a typed number as contracts give it: half width, capitals, eighteen digits."""
    number = unicodedata.normalize("NFKC", typed).strip().upper()
    return completed(number) if id_status(number) == VALID_15 else number


def _key_of_number(store: Store, number: str) -> str | None:
    """Find a household in the vaults of what is in force, by its contractor code or a member's hashed number."""
    wanted = row_key_hash(store.keys, number)
    for publication in in_force(Ledger.of(store)):
        vault = pq.read_table(
            io.BytesIO(store.open_identities(publication.run_id)),
            columns=["household_key", "unit_code", "number_hashes"],
            partitioning=None,
        )
        for row in vault.to_pylist():
            if number == row["unit_code"] or wanted in (row["number_hashes"] or []):
                return str(row["household_key"])
    return None


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
    key = _key_of_typed(store, typed)
    row = decision_in_force(store, Ledger.of(store), key)
    _remember(store, key, row, by)
    if row is None:
        raise MissingInput(NOBODY)
    return Found(**{name: row[name] for name in Found.__dataclass_fields__})
