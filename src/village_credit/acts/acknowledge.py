"""A branch's receipt is taken in: what it did with each row, and the limits that it set within its authority."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from village_credit.acts.inputs import read_policy
from village_credit.acts.receipts import Judge
from village_credit.acts.returned import Account, Returned, account_of, read_returned, require_unmoved
from village_credit.publish.ledger import Entry, append, read_ledger
from village_credit.publish.returned import ACKNOWLEDGE, RECEIPTS, seal_returned, sealed_table
from village_credit.publish.store import Store
from village_credit.publish.warehouse import build_warehouse

CONTRACTS = ("receipt",)


@dataclass(frozen=True)
class Acknowledged:
    """What a receipt came to: lines by outcome, rows by what the branch did, limits changed; `noop`: taken in before."""

    file_sha256: str
    branch_code: str | None
    publications: list[str]
    counts: dict[str, int]
    outcomes: dict[str, int]
    changed: int
    change_yuan: int
    findings: list[dict[str, Any]]
    by: str
    at: str
    noop: bool


def acknowledge(
    store: Store,
    path: Path,
    by: str,
    policy_file: Path,
    branch_code: str | None = None,
    counties: Path | None = None,
) -> Acknowledged:
    """Take in a branch's receipt; from each line's day on the limit in force is the branch's.

    `branch_code`: whose receipt it is; none: the branch that most of its lines are of. The same bytes twice are a no-op.
    A line that may not count is quarantined, and what was published stands. Raises MissingInput where the file is no
    receipt or the policy is missing, RunConflict where something was published meanwhile.
    """
    entries = read_ledger(store.root / "ledger")
    returned = read_returned(path, CONTRACTS, counties)
    known = next((e for e in entries if e.act == ACKNOWLEDGE and e.details["file_sha256"] == returned.file.sha256), None)  # fmt: skip
    if known is not None:
        findings = sealed_table(store, known, "findings")
        return _result(known, Account(findings.slice(0, 0), findings).told(), noop=True)
    policy, policy_sha256 = read_policy(policy_file)
    judge = Judge(store, entries, policy, returned)
    sender = branch_code or judge.sender()
    receipts, changed = judge.run(sender)
    account = account_of(returned, judge.judged)
    store.freeze(returned.file.content, returned.file.sha256)
    details = {
        "file_sha256": returned.file.sha256,
        "policy_sha256": policy_sha256,
        "branch_code": sender,
        "publications": sorted({row["publication_id"] for row in receipts}),
        "counts": account.counts,
        "outcomes": dict(sorted(Counter(row["outcome"] for row in receipts).items())),
        "changed": changed,
        **_sealed(store, returned, account, receipts),
    }
    entry = append(
        store.root / "ledger", ACKNOWLEDGE, by, "", details, lambda found: require_unmoved(found, entries)
    )
    build_warehouse(store)
    return _result(entry, account.told(), noop=False)


def _sealed(
    store: Store, returned: Returned, account: Account, receipts: list[dict[str, Any]]
) -> dict[str, Any]:
    tables = {
        "receipts": pa.Table.from_pylist(receipts, schema=RECEIPTS),
        "lines": account.lines,
        "findings": account.findings,
    }
    return {"tables": sorted(tables), **seal_returned(store, returned.file.sha256, tables)}


def _result(entry: Entry, findings: list[dict[str, Any]], *, noop: bool) -> Acknowledged:
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
        findings,
        entry.by,
        entry.at,
        noop,
    )
