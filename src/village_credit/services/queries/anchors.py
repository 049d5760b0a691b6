"""Packages and checkpoints that were given out are witnesses: the ledger is the one they tell of, or was rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from village_credit.errors import MissingInput, VerificationFailed, why_unread
from village_credit.ledger.checkpoints import (
    Checkpoint,
    leaves_of,
    read_checkpoint,
    require_same_beginnings,
    write_checkpoint,
)
from village_credit.ledger.erasures import repacked
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import PACKAGES, act_hash
from village_credit.ledger.signed_acts import count_signed_acts
from village_credit.publish.branch_package import verify_package
from village_credit.services.approval.approval_file import require_approval
from village_credit.services.queries.kept_files import altered_files
from village_credit.store.store import Store, sha256_of
from village_credit.store.whole_files import json_of

MOST_TOLD = 10


@dataclass(frozen=True)
class Anchored:
    """How many acts there are, and up to which of them how many witnesses vouch; 0 and None: nobody vouches.

    `signed`: how many are signed with the store's key; those of earlier code are not.
    `vouched_to`: up to which act the store's own signed approvals vouch. `checkpoint`: of the whole ledger, to keep.
    """

    entries: int
    signed: int
    approvals: int
    heads: int
    anchored_to: int | None
    vouched_to: int | None
    checkpoint: str


def verify_ledger(store: Store, packages: list[Path], checkpoints: list[Path] | None = None) -> Anchored:
    """Check the chain, each signed approval, and that packages and checkpoints given out are of this ledger.

    Raises VerificationFailed where an act was altered, cut off or put in, as far as a witness tells, or where a file
    that the acts tell of is not what it was.
    """
    ledger = Ledger.of(store)
    _require_rotations(store, ledger)
    approvals = [entry for entry in ledger if entry.act == "approve"]
    files = {f"the approval of run {entry.run_id}": require_approval(store, entry) for entry in approvals}
    own = {whose: _checkpoint_in(store, _json_of(path)) for whose, path in files.items()}
    vouched = {whose: said for whose, said in own.items() if said is not None}
    given = {f"checkpoint {path.name}": _checkpoint_of(store, path) for path in checkpoints or []}
    places = [_place_of(store, ledger, package) for package in packages]
    told = {f"package {path.name}": _checkpoint_in(store, _json_of(path / "manifest.json")) for path in packages}
    if faults := altered_files(store, ledger):
        raise VerificationFailed(f"{'; '.join(faults[:MOST_TOLD])}{_more(len(faults) - MOST_TOLD)}")
    leaves = leaves_of(ledger)
    require_same_beginnings(leaves, vouched | given | {whose: said for whose, said in told.items() if said})
    heads = [*places, *(said.size for said in given.values())]
    return Anchored(
        len(ledger),
        count_signed_acts(ledger, store.keys.known_keys()),
        len(approvals),
        len(heads),
        max(heads, default=None),
        max((said.size for said in vouched.values()), default=None),
        write_checkpoint(store.keys, leaves),
    )


def _require_rotations(store: Store, ledger: Ledger) -> None:
    """Raise VerificationFailed where the ledger tells other changes of the signing key than the key file."""
    own = {key.last_act: said for key, said in zip(store.keys.signed_before, store.keys.succession(), strict=True)}
    told = {entry.number - 1: entry.details["succession"] for entry in ledger if "succession" in entry.details}
    under_way = own.pop(None, None)
    if {number: said for number, said in told.items() if said != under_way} != own:
        raise VerificationFailed(
            "the ledger tells other rotations of the signing key than the key file: an act was put in, altered or cut "
            "off; compare both with their backups"
        )


def _more(count: int) -> str:
    return f"; and {count} more" if count > 0 else ""


def _json_of(path: Path) -> dict[str, Any]:
    return json_of(path.read_bytes(), f"{path.parent.name}/{path.name}")


def _checkpoint_in(store: Store, said: dict[str, Any]) -> Checkpoint | None:
    """Return what a signed file tells of the ledger; one of earlier code says nothing."""
    text = said.get("checkpoint")
    return read_checkpoint(text, store.keys.known_keys()) if text else None


def _checkpoint_of(store: Store, path: Path) -> Checkpoint:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MissingInput(f"checkpoint {path.name} cannot be read ({why_unread(error)})") from None
    return read_checkpoint(text, store.keys.known_keys())


def _place_of(store: Store, ledger: Ledger, package: Path) -> int:
    """Return the number of the act that a package tells of, once it is this ledger's."""
    manifest = verify_package(package, store.keys.known_keys())
    number, told = manifest.get("sequence"), manifest.get("act_sha256")
    if not isinstance(number, int) or not told:
        raise VerificationFailed(f"package {package.name}: it is older than the ledger's places; give a newer one")
    if number > len(ledger):
        raise VerificationFailed(
            f"package {package.name} tells of act {number}, and the ledger has {len(ledger)}: the newest were cut off"
        )
    act = ledger[number - 1]
    receiver = str(manifest.get("branch_code") or manifest.get("office"))
    said = {act.details.get(PACKAGES, {}).get(receiver), *repacked(ledger, manifest["publication_id"], receiver)}
    its_own = sha256_of((package / "manifest.json").read_bytes())
    if told != act_hash(act) or its_own not in said:  # an act's hash holds that of the act before it
        raise VerificationFailed(
            f"package {package.name} tells of act {number}, and the ledger's act {number} is another: it was rewritten "
            f"up to there, or the package is another store's"
        )
    return number
