"""Sign a staged run: never by its preparer, and never over a failed gate without a reason for each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import duckdb

from village_credit.errors import GateRefused, RunConflict, UsageError, VerificationFailed
from village_credit.publish.ledger import Entry, append, head, read_ledger
from village_credit.publish.sealing import altered_tables
from village_credit.publish.store import Store, sha256_of, write_whole
from village_credit.publish.warehouse import build_warehouse
from village_credit.signed import canonical_json, same_person


@dataclass(frozen=True)
class Signature:
    """Who signed what, when and why; `overrides`: each failed gate that they took upon themselves, and why."""

    run_id: str
    by: str
    reason: str
    overrides: dict[str, str]
    at: str
    manifest_sha256: str
    ledger_head: str


def approve(store: Store, run_id: str, by: str, reason: str, overrides: list[str]) -> Signature:
    """Sign a staged run; raises GateRefused for its preparer or an open gate, RunConflict if it is signed already.

    `overrides`: GATE=REASON, or GATE alone for the signer's own reason; nothing else gets a run past a failed gate.
    """
    folder = store.require_run(run_id)
    ledger = store.root / "ledger"
    _may_sign(read_ledger(ledger), run_id, by)
    reasons = override_reasons(overrides, reason)
    if altered := altered_tables(store, run_id):
        raise VerificationFailed(
            f"run {run_id}: {', '.join(altered)} are not what was sealed; do not sign it"
        )
    _require_overrides(run_id, failed_gates(store, run_id), reasons)
    manifest = (folder / "manifest.json").read_bytes()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    signature = Signature(run_id, by, reason, reasons, now, sha256_of(manifest), head(ledger))
    details = {"reason": reason, "overrides": reasons, "manifest_sha256": signature.manifest_sha256}
    append(ledger, "approve", by, run_id, details, lambda entries: _may_sign(entries, run_id, by))
    content = asdict(signature)
    signed = {
        **content,
        "key_id": store.keys.signing_key_id,
        "signature": store.keys.sign(canonical_json(content)),
    }
    write_whole(
        store.root / "approvals" / f"{run_id}.json",
        json.dumps(signed, ensure_ascii=False, sort_keys=True, indent=1).encode("utf-8"),
    )
    build_warehouse(store)
    return signature


def override_reasons(overrides: list[str], reason: str) -> dict[str, str]:
    """Read GATE=REASON, or GATE alone for the signer's reason; raises UsageError where a gate has none or two."""
    found: dict[str, str] = {}
    for word in overrides:
        gate, _, own = (part.strip() for part in word.partition("="))
        if gate in found:
            raise UsageError(f"--override {gate} is given twice: one gate has one reason")
        found[gate] = own if "=" in word else reason.strip()
        if not found[gate]:
            raise UsageError(f"--override {gate} has no reason: write --override '{gate}=REASON'")
    return dict(sorted(found.items()))


def _require_overrides(run_id: str, failed: list[str], reasons: dict[str, str]) -> None:
    """Every failed gate is overridden by name, and none that held."""
    if unknown := sorted(set(reasons) - set(failed)):
        raise GateRefused(f"run {run_id}: {', '.join(unknown)} did not fail, so there is nothing to override")
    if open_gates := sorted(set(failed) - set(reasons)):
        raise GateRefused(
            f"run {run_id}: gate {', '.join(open_gates)} failed; mend the cause and score again, or override it by name with its reason"
        )


def _may_sign(entries: list[Entry], run_id: str, by: str) -> None:
    of_run = [entry for entry in entries if entry.run_id == run_id]
    preparer = next((entry.by for entry in of_run if entry.act == "stage"), None)
    if preparer is not None and same_person(preparer, by):
        raise GateRefused(f"run {run_id}: {by} prepared it and cannot sign it; ask a second person")
    if any(entry.act == "approve" for entry in of_run):
        raise RunConflict(f"run {run_id}: it is signed already")


def failed_gates(store: Store, run_id: str) -> list[str]:
    """Name a run's failed gates."""
    path = str(store.require_run(run_id) / "gates.parquet")
    query = "SELECT gate FROM read_parquet($path) WHERE verdict = 'fail' ORDER BY gate"
    return [gate for (gate,) in duckdb.connect().execute(query, {"path": path}).fetchall()]


def require_signature(store: Store, entries: list[Entry], run_id: str) -> None:
    """Raise GateRefused where a run is not signed, VerificationFailed where it is no longer what was signed."""
    approval = next((entry for entry in entries if entry.act == "approve" and entry.run_id == run_id), None)
    if approval is None:
        raise GateRefused(
            f"run {run_id}: it is not signed; `village-credit approve {run_id} --by NAME --reason TEXT`"
        )
    manifest = (store.require_run(run_id) / "manifest.json").read_bytes()
    if approval.details["manifest_sha256"] != sha256_of(manifest) or altered_tables(store, run_id):
        raise VerificationFailed(f"run {run_id}: it is not what was signed; nothing is published")
    if open_gates := sorted(set(failed_gates(store, run_id)) - set(approval.details["overrides"])):
        raise GateRefused(f"run {run_id}: gate {', '.join(open_gates)} failed, and nobody overrode it")


def ledger_entries(store: Store) -> list[Entry]:
    """Read the store's ledger."""
    return read_ledger(store.root / "ledger")
