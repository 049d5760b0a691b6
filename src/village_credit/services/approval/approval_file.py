"""The signed approval of a run: written before the act stands in the ledger, and compared with it ever after."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from village_credit.code_version import FORMATS, require_known
from village_credit.errors import VerificationFailed
from village_credit.ledger.log import Entry
from village_credit.signatures import as_signed, canonical_json, verify_signature
from village_credit.store.store import Store
from village_credit.store.whole_files import sync_folder, write_whole

SIGNED = ("run_id", "by", "reason", "overrides", "manifest_sha256", "meeting")  # what both tell alike


@dataclass(frozen=True)
class Signature:
    """Who signed what, when and why; `overrides`: each failed gate that they took upon themselves, and why.

    `meeting`: the committee's, with members, votes and minutes; none where one signer signed alone.
    """

    run_id: str
    by: str
    reason: str
    overrides: dict[str, str]
    at: str
    manifest_sha256: str
    ledger_head: str
    meeting: dict[str, Any] | None


def signature_of(entry: Entry) -> Signature:
    """Return what an act of signing says, as it is signed."""
    said = entry.details
    return Signature(
        entry.run_id, entry.by, said["reason"], said["overrides"], entry.at, said["manifest_sha256"], entry.previous,
        said.get("meeting"),
    )  # fmt: skip


def _approval_file(store: Store, run_id: str) -> Path:
    return store.root / "approvals" / f"{run_id}.json"


def write_beside(store: Store, signature: Signature, checkpoint: str) -> Path:
    """Sign what a signature says with the store's key, beside the run's approval; `keep` puts it in its place.

    `checkpoint`: of the ledger with this act.
    """
    content, keys = asdict(signature) | {"checkpoint": checkpoint, "format": FORMATS["approval"]}, store.keys
    signed = {**content, "key_id": keys.signing_key_id, "signature": keys.sign("approval", content)}
    text = json.dumps(signed, ensure_ascii=False, sort_keys=True, indent=1)
    place = _approval_file(store, signature.run_id)
    beside = place.with_name(f".{signature.run_id}.{secrets.token_hex(4)}.json")
    write_whole(beside, text.encode("utf-8"))
    return beside


def keep(store: Store, run_id: str, beside: Path) -> None:
    """Put a signed approval, whose act stands, in its place, where it is not there yet."""
    place = _approval_file(store, run_id)
    if beside != place:
        beside.replace(place)
        sync_folder(place.parent)


def require_approval(store: Store, approval: Entry) -> Path:
    """Return the file of an act's approval, which a crash may have left beside its place.

    Raises VerificationFailed where none is signed with the store's key, or it says another thing than the ledger.
    """
    place = _approval_file(store, approval.run_id)
    faults = []
    for path in (place, *sorted(place.parent.glob(f".{approval.run_id}.*.json"))):
        fault = _fault(store, path, approval)
        if fault is None:
            return path
        faults.append(fault)
    raise VerificationFailed(
        f"run {approval.run_id}: {faults[0]}; restore approvals/ from its backup, or score again and have that run "
        f"signed"
    )


def _fault(store: Store, path: Path, approval: Entry) -> str | None:
    """Say what is wrong with an approval; None: it is the act's, and signed with the store's key."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        signature = str(said.pop("signature"))
        content = {name: value for name, value in said.items() if name != "key_id"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "its signed approval is missing or damaged"
    if not _is_signed(store, content, signature, approval.number):
        return "its approval is not signed with this store's key"
    told = asdict(signature_of(approval))
    if any(content.get(name) != told[name] for name in SIGNED):
        return "the ledger tells another signature than was signed"
    return None


def _is_signed(store: Store, content: dict[str, Any], signature: str, number: int) -> bool:
    """Tell whether a key that signed for the store at an act of a number signed an approval, as its form asks."""
    form = content.get("format", 0)
    if not isinstance(form, int):
        return False
    require_known("approval", form, f"the approval of run {content.get('run_id')}")
    said = as_signed(form, "approval", canonical_json(content))
    known = [key for key in store.keys.known_keys() if key.vouches_for(number)]
    return any(verify_signature(key.public_key, said, signature) for key in known)
