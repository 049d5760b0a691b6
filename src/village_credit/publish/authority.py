"""Households above the authority ladder: whose signature each needs, kept with the run, and who gave it, by the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.decide.ladder import step_of, steps
from village_credit.decide.policy import PolicyInForce
from village_credit.publish.ledger import PUBLISHING, Entry
from village_credit.publish.store import Store
from village_credit.signed import same_person

ACT = "authority_signatures"
AGREE, REFUSE = "agree", "refuse"
# A limit that stands because it is drawn, or because a relief window keeps it, grants nothing that could be signed.
NOT_GRANTED_ANEW = frozenset({"FROZEN", "RELIEF_KEPT"})
AUTHORITY = pa.schema(
    [
        ("household_key", pa.string()), ("product", pa.string()), ("limit_yuan", pa.int64()), ("above_yuan", pa.int64()),
        ("role", pa.string()), ("roles", pa.list_(pa.string())), ("reference", pa.string()),
    ]
)  # fmt: skip
Key = tuple[str, str]  # household_key, product


@dataclass(frozen=True)
class Word:
    """What somebody said of one household: AGREE or REFUSE to its limit, whole yuan, in which role; `as_of`: their run's day."""

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
    def key(self) -> Key:
        """Of whom it is said."""
        return self.household_key, self.product


def authority_table(decisions: pa.Table, policy: PolicyInForce) -> pa.Table:
    """Give each household of a run that is granted more than the first step: its step, role, and `roles`, that and every higher one.

    `decisions`: with household_key, product, decision, limit_yuan, reason_codes; the order is kept.
    """
    ladders = {product: steps(policy, product) for product in set(decisions.column("product").to_pylist())}
    if not any(ladders.values()):
        return AUTHORITY.empty_table()
    rows = []
    for row in decisions.select(["household_key", "product", "decision", "limit_yuan", "reason_codes"]).to_pylist():  # fmt: skip
        ladder = ladders[row["product"]]
        place = step_of(ladder, row["limit_yuan"])
        if row["decision"] != "granted" or place is None or NOT_GRANTED_ANEW & set(row["reason_codes"]):
            continue
        roles = [step.role for step in ladder[place:]]
        rows.append({**row, "above_yuan": ladder[place].above_yuan, "role": roles[0], "roles": roles, "reference": ladder[place].reference})  # fmt: skip
    return pa.Table.from_pylist(rows, schema=AUTHORITY)


def authority_rows(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Read a run's households above the ladder; none of a run that was sealed before there was one."""
    path = store.require_run(run_id) / "authority.parquet"
    rows: list[dict[str, Any]] = (
        pq.read_table(path, columns=AUTHORITY.names).to_pylist() if path.is_file() else []
    )
    return rows


def words(entries: Iterable[Entry], county_code: str) -> Iterator[Word]:
    """Give everything that was said of a county's households, in the order of the ledger."""
    for entry in entries:
        if entry.act == ACT and entry.details["county_code"] == county_code:
            for said in entry.details["signatures"]:
                yield Word(**said, by=entry.by, at=entry.at, as_of=entry.details["as_of"], number=entry.number)  # fmt: skip


def last_words(entries: list[Entry], manifest: dict[str, Any], rows: list[dict[str, Any]]) -> dict[Key, Word]:
    """Give the last word on each household of a run that counts for it, up to its first publication.

    It counts for every run of the same county and day, where product and limit are the same, the role is still enough,
    and whoever said it did not prepare this very run.
    """
    run_id, asked = manifest["run_id"], {(row["household_key"], row["product"]): row for row in rows}
    preparer = next((e.by for e in entries if e.act == "stage" and e.run_id == run_id), "")
    published = next((e.number for e in entries if e.act in PUBLISHING and e.run_id == run_id), len(entries) + 1)  # fmt: skip
    found: dict[Key, Word] = {}
    for word in words(entries, manifest["county_code"]):
        row = asked.get(word.key)
        if row is None or word.number >= published or word.as_of != manifest["as_of"]:
            continue
        if word.limit_yuan == row["limit_yuan"] and word.role in row["roles"] and not same_person(word.by, preparer):  # fmt: skip
            found[word.key] = word
    return found


def signed_rows(store: Store, entries: list[Entry], run_ids: list[str]) -> list[tuple[Any, ...]]:
    """Give run_id, household_key, product, role, by and time of each household of these runs that is signed."""
    if not any(entry.act == ACT for entry in entries):
        return []
    return [
        (run_id, word.household_key, word.product, word.role, word.by, word.at)
        for run_id in run_ids
        for word in last_words(entries, store.manifest(run_id), authority_rows(store, run_id)).values()
        if word.verdict == AGREE
    ]
