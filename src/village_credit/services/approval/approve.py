"""Sign a staged run: never by its preparer, and never over a failed gate without a reason for each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from data_contracts.meeting import Meeting
from data_contracts.toml_file import has_long_number
from village_credit.china_calendar import CHINA, today
from village_credit.errors import GateRefused, RunConflict, UsageError, VerificationFailed
from village_credit.ledger.checkpoints import leaves_of, write_checkpoint
from village_credit.ledger.four_eyes import preparer, require_second_person, required_reason
from village_credit.ledger.ledger import Ledger, is_told
from village_credit.ledger.log import Entry
from village_credit.policy.gate_thresholds import EXACT, GATE_TEXTS
from village_credit.publish.recording import record
from village_credit.services.approval.approval_file import Signature, keep, require_approval, signature_of, write_beside
from village_credit.services.approval.committee import require_quorum
from village_credit.services.approval.household_signatures import require_authority
from village_credit.signatures import signer
from village_credit.store.runs import altered_tables, failed_gates
from village_credit.store.store import Store, sha256_of


def approve(
    store: Store, run_id: str, by: str, reason: str, overrides: list[str], meeting: Meeting | None = None
) -> Signature:
    """Sign a staged run; raises GateRefused for its preparer or an open gate, RunConflict if it is signed already.

    `overrides`: GATE=REASON, or GATE alone for the signer's own reason; nothing else gets a run past a failed gate.
    `meeting`: needed where the run's policy has a quorum; GateRefused where it is absent or may not have decided.
    UsageError where name or reasons are blank, or hold what may be a person's number.
    """
    by, reason = signer(by), required_reason(reason)
    reasons = override_reasons(overrides, reason)
    folder = store.require_run(run_id)
    entries = Ledger.of(store)
    _may_sign(entries, run_id, by)
    require_quorum(store.manifest(run_id), preparer(entries, run_id), meeting, today(), staged_on(entries, run_id))
    manifest = (folder / "manifest.json").read_bytes()
    _require_as_staged(store, entries, run_id, manifest)
    _require_overrides(run_id, failed_gates(store, run_id), reasons)
    sat = meeting.content() if meeting else None
    details = {"reason": reason, "overrides": reasons, "manifest_sha256": sha256_of(manifest), "meeting": sat}

    beside: list[Path] = []

    def signed(ledger: Ledger) -> dict[str, Any]:
        """Sign before the act stands: an act without its signature is worth nothing, whoever wrote it."""
        beside.append(write_beside(store, signature_of(ledger[-1]), write_checkpoint(store.keys, leaves_of(ledger))))
        return {}

    may = partial(_may_sign, run_id=run_id, by=by)
    entry = record(store, "approve", by, run_id, details, may, signed)
    keep(store, run_id, beside.pop())
    for lost in beside:  # of tries that another writer was before
        lost.unlink()
    return signature_of(entry)


def _require_as_staged(store: Store, entries: Sequence[Entry], run_id: str, manifest: bytes) -> None:
    """Raise VerificationFailed where a table is not what was sealed, or the manifest not what was staged."""
    if altered := altered_tables(store, run_id):
        raise VerificationFailed(f"run {run_id}: {', '.join(altered)} are not what was sealed; do not sign it")
    staged = next((e for e in entries if e.act == "stage" and e.run_id == run_id), None)
    if staged is not None and not is_told(staged, manifest):
        raise VerificationFailed(f"run {run_id}: its manifest is not what was staged; do not sign it")


def override_reasons(overrides: list[str], reason: str) -> dict[str, str]:
    """Read GATE=REASON, or GATE alone for the signer's reason; raises UsageError where a gate has none or two.

    Or where a reason holds what may be a person's number.
    """
    found: dict[str, str] = {}
    for word in overrides:
        gate, _, own = (part.strip() for part in word.partition("="))
        if gate in found:
            raise UsageError(f"--override {gate} is given twice: one gate has one reason")
        found[gate] = own if "=" in word else reason.strip()
        if not found[gate]:
            raise UsageError(f"--override {gate} has no reason: write --override '{gate}=REASON'")
        if has_long_number(word):
            raise UsageError("--override holds what may be a person's number: the ledger names nobody; say it without")
    return dict(sorted(found.items()))


def _require_overrides(run_id: str, failed: list[str], reasons: dict[str, str]) -> None:
    """Every failed gate is overridden by name, and none that held; what does not balance no reason mends."""
    if mistyped := sorted(set(reasons) - set(GATE_TEXTS)):
        raise UsageError(f"--override {', '.join(mistyped)}: no such gate; gates are {', '.join(sorted(GATE_TEXTS))}")
    if unknown := sorted(set(reasons) - set(failed)):
        raise GateRefused(f"run {run_id}: {', '.join(unknown)} did not fail, so there is nothing to override")
    _refuse_unbalanced(run_id, failed)
    if open_gates := sorted(set(failed) - set(reasons)):
        raise GateRefused(
            f"run {run_id}: gate {', '.join(open_gates)} failed; mend the cause and score again, or override "
            f"it by name with its reason"
        )


def _refuse_unbalanced(run_id: str, failed: list[str]) -> None:
    if unbalanced := [gate for gate in EXACT if gate in failed]:
        raise GateRefused(
            f"run {run_id}: {' and '.join(f'gate {gate} failed' for gate in unbalanced)}: a delivered line or "
            f"a household is lost, which nobody can sign for; report it and score again"
        )


def _may_sign(entries: Sequence[Entry], run_id: str, by: str) -> None:
    of_run = [entry for entry in entries if entry.run_id == run_id]
    require_second_person(of_run, run_id, by, "sign it")
    if any(entry.act == "approve" for entry in of_run):
        raise RunConflict(f"run {run_id}: it is signed already")


def require_signature(store: Store, entries: Sequence[Entry], run_id: str) -> None:
    """Raise GateRefused where a run, or a household above the authority ladder, is not signed as its policy asks.

    Raises VerificationFailed where it is no longer what was signed.
    """
    approval = next((entry for entry in entries if entry.act == "approve" and entry.run_id == run_id), None)
    if approval is None:
        raise GateRefused(f"run {run_id}: it is not signed; `village-credit approve {run_id} --by NAME --reason TEXT`")
    keep(store, run_id, require_approval(store, approval))
    manifest = (store.require_run(run_id) / "manifest.json").read_bytes()
    if approval.details["manifest_sha256"] != sha256_of(manifest) or altered_tables(store, run_id):
        raise VerificationFailed(f"run {run_id}: it is not what was signed; nothing is published")
    failed = failed_gates(store, run_id)
    _refuse_unbalanced(run_id, failed)
    if open_gates := sorted(set(failed) - set(approval.details["overrides"])):
        raise GateRefused(f"run {run_id}: gate {', '.join(open_gates)} failed, and nobody overrode it")
    sat = approval.details.get("meeting")
    meeting = Meeting.model_validate(sat) if sat else None
    require_quorum(
        store.manifest(run_id), preparer(entries, run_id), meeting, signed_on(approval), staged_on(entries, run_id)
    )
    require_authority(store, entries, run_id)


def signed_on(approval: Entry) -> date:
    """Return the day in China of a signature."""
    return _day(approval)


def staged_on(entries: Sequence[Entry], run_id: str) -> date | None:
    """Return the day in China on which a run was first staged; None where the ledger does not say."""
    staged = next((entry for entry in entries if entry.act == "stage" and entry.run_id == run_id), None)
    return None if staged is None else _day(staged)


def _day(entry: Entry) -> date:
    return datetime.fromisoformat(entry.at).astimezone(CHINA).date()


def ledger_entries(store: Store) -> Sequence[Entry]:
    """Read the store's ledger."""
    return Ledger.of(store)
