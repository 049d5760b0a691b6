"""A branch's receipt is taken in: what it did with each row, and the limits that it set within its authority."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.ledger.returned import ACKNOWLEDGE, RECEIPTS, seal_returned
from village_credit.publish.recording import record
from village_credit.services.rules import read_policy
from village_credit.services.servicing.receipt_rules import Judge, of_file
from village_credit.services.servicing.returned_file import (
    Account,
    Returned,
    account_of,
    read_returned,
    require_unmoved,
)
from village_credit.store.store import Store

CONTRACTS = ("receipt",)


@dataclass(frozen=True)
class Acknowledged:
    """What a receipt came to.

    Lines by outcome, rows by what the branch did, limits changed, tables that were not taken in.

    `noop`: the file came before, and no line counts now that did not count then.
    """

    file_sha256: str
    branch_code: str | None
    publications: list[str]
    counts: dict[str, int]
    outcomes: dict[str, int]
    changed: int
    change_yuan: int
    findings: list[dict[str, Any]]
    rejected: list[dict[str, str]]
    by: str
    at: str
    noop: bool


def acknowledge(
    store: Store, path: Path, by: str, policy_file: Path, branch_code: str | None = None, counties: Path | None = None
) -> Acknowledged:
    """Take in a branch's receipt; from each line's day on the limit in force is the branch's.

    `branch_code`: whose receipt it is; none: the branch that most of its lines are of. A line that may not count is
    quarantined, and what was published stands. The same bytes again are judged again, and are a no-op unless a line
    counts now: by the right branch, another policy, a later day. Raises MissingInput where the file is no receipt or
    the policy is missing, UsageError where no such branch is told of, RunConflict where something was published
    meanwhile.
    """
    ledger = Ledger.of(store)
    returned = read_returned(path, CONTRACTS, counties)
    policy, policy_sha256 = read_policy(policy_file)
    judge = Judge(store, ledger, policy, returned)
    sender = judge.sender(branch_code)
    receipts, changed = judge.run(sender)
    account = account_of(returned, judge.judged)
    details = {
        "file_sha256": returned.file.sha256,
        "policy_sha256": policy_sha256,
        "branch_code": sender,
        "publications": sorted({row["publication_id"] for row in receipts}),
        "counts": account.counts,
        "outcomes": dict(sorted(Counter(row["outcome"] for row in receipts).items())),
        "changed": changed,
    }
    before = of_file(ledger, returned.file.sha256)
    if before and not receipts:
        told = {**details, "publications": before[-1].details["publications"]}
        return _result(replace(before[-1], details=told), account, noop=True)
    store.freeze(returned.file.content, returned.file.sha256)
    details |= _sealed(store, returned, account, receipts)
    entry = record(store, ACKNOWLEDGE, by, "", details, lambda found: require_unmoved(found, ledger))
    return _result(entry, account, noop=False)


def _sealed(store: Store, returned: Returned, account: Account, receipts: list[dict[str, Any]]) -> dict[str, Any]:
    tables = {
        "receipts": pa.Table.from_pylist(receipts, schema=RECEIPTS),
        "lines": account.lines,
        "findings": account.findings,
    }
    return {"tables": sorted(tables), **seal_returned(store, returned.file.sha256, tables)}


def _result(entry: Entry, account: Account, *, noop: bool) -> Acknowledged:
    details = entry.details
    growth = sum(said["limit_yuan"] - said["published_yuan"] for said in details["changed"])
    return Acknowledged(
        details["file_sha256"],
        details["branch_code"],
        details["publications"],
        details["counts"],
        details["outcomes"],
        len(details["changed"]),
        growth,
        account.told(),
        account.rejected,
        entry.by,
        entry.at,
        noop,
    )
