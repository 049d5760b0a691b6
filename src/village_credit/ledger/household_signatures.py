"""Whose signature each household above the authority ladder needs, by the run, and who gave it, by the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from village_credit.ledger.four_eyes import preparer
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import PUBLISHING
from village_credit.policy.authority_ladder import AGREE
from village_credit.signatures import same_person
from village_credit.store.store import Store
from village_credit.tables.signatures_needed import AUTHORITY

ACT = "authority_signatures"
LineKey = tuple[str, str]  # household_key, product


@dataclass(frozen=True)
class HouseholdVerdict:
    """What somebody said of one household: AGREE or REFUSE to its limit, whole yuan, in which role.

    `as_of`: their run's day.
    """

    household_key: str
    product: str
    limit_yuan: int
    role: str
    verdict: str
    reason_codes: list[str]
    by: str
    at: str
    as_of: str
    number: int

    @property
    def key(self) -> LineKey:
        """Of whom it is said."""
        return self.household_key, self.product


def authority_rows(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Read a run's households above the ladder; none of a run that was sealed before there was one."""
    path = store.table_if_any(run_id, "authority")
    rows: list[dict[str, Any]] = (
        pq.read_table(path, columns=AUTHORITY.names, partitioning=None).to_pylist() if path else []
    )
    return rows


def household_verdicts(entries: Iterable[Entry], county_code: str) -> Iterator[HouseholdVerdict]:
    """Return everything that was said of a county's households, in the order of the ledger."""
    for entry in entries:
        if entry.act == ACT and entry.details["county_code"] == county_code:
            for said in entry.details["signatures"]:
                yield HouseholdVerdict(
                    **said, by=entry.by, at=entry.at, as_of=entry.details["as_of"], number=entry.number
                )


def last_household_verdicts(
    entries: Sequence[Entry], manifest: dict[str, Any], rows: list[dict[str, Any]]
) -> dict[LineKey, HouseholdVerdict]:
    """Return the last word on each household of a run that counts for it, up to its first publication.

    It counts for every run of the same county and day, where product and limit are the same, the role is still enough,
    and whoever said it did not prepare this very run.
    """
    run_id, asked = manifest["run_id"], {(row["household_key"], row["product"]): row for row in rows}
    prepared_by = preparer(entries, run_id)
    published = next((e.number for e in entries if e.act in PUBLISHING and e.run_id == run_id), len(entries) + 1)
    found: dict[LineKey, HouseholdVerdict] = {}
    for word in household_verdicts(entries, manifest["county_code"]):
        row = asked.get(word.key)
        if row is None or word.number >= published or word.as_of != manifest["as_of"]:
            continue
        if word.limit_yuan == row["limit_yuan"] and word.role in row["roles"] and not same_person(word.by, prepared_by):
            found[word.key] = word
    return found


def signed_rows(store: Store, entries: Sequence[Entry], run_ids: list[str]) -> list[tuple[Any, ...]]:
    """Return run_id, household_key, product, role, by and time of each household of these runs that is signed."""
    if not any(entry.act == ACT for entry in entries):
        return []
    return [
        (run_id, word.household_key, word.product, word.role, word.by, word.at)
        for run_id in run_ids
        for word in last_household_verdicts(entries, store.manifest(run_id), authority_rows(store, run_id)).values()
        if word.verdict == AGREE
    ]
