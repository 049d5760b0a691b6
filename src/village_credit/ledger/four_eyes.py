"""What whoever acts must be, and must say: a second person, and a reason that names nobody."""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.toml_file import has_long_number
from village_credit.errors import GateRefused, UsageError
from village_credit.ledger.log import Entry
from village_credit.signatures import same_person


def preparer(entries: Sequence[Entry], run_id: str) -> str:
    """Return who prepared a run; empty where the ledger does not say."""
    return next((entry.by for entry in entries if entry.act == "stage" and entry.run_id == run_id), "")


def require_second_person(entries: Sequence[Entry], run_id: str, by: str, what: str) -> None:
    """Raise GateRefused where `by` prepared the run; `what`: what they cannot do ("sign it")."""
    if same_person(preparer(entries, run_id), by):
        raise GateRefused(f"run {run_id}: {by} prepared it and cannot {what}; ask a second person")


def required_reason(reason: str) -> str:
    """Return a reason without blanks around it; raises UsageError where it is empty or holds a number of a person."""
    if not reason.strip():
        raise UsageError("--reason is empty: say why, for whoever reads the ledger")
    if has_long_number(reason):  # the ledger is kept for ever, and names nobody
        raise UsageError("--reason holds what may be a person's number: the ledger names nobody; say it without")
    return reason.strip()
