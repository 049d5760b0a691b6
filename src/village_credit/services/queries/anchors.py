"""Packages that were handed out are witnesses: the ledger is the one that they were made from, or it was rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from village_credit.errors import VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import PACKAGES, act_hash
from village_credit.publish.branch_package import verify_package
from village_credit.services.approval.approval_file import require_approval
from village_credit.store.store import Store, sha256_of


@dataclass(frozen=True)
class Anchored:
    """How many acts there are, and up to which of them how many packages vouch; 0 and None: nobody vouches."""

    entries: int
    approvals: int
    heads: int
    anchored_to: int | None


def verify_ledger(store: Store, packages: list[Path]) -> Anchored:
    """Check the chain, each signed approval, and that packages which were handed out name this ledger's acts.

    Raises VerificationFailed where an act was altered, cut off or put in, as far as a package tells.
    """
    ledger = Ledger.of(store)
    approvals = [entry for entry in ledger if entry.act == "approve"]
    for approval in approvals:
        require_approval(store, approval)
    places = [_place_of(store, ledger, package) for package in packages]
    return Anchored(len(ledger), len(approvals), len(places), max(places, default=None))


def _place_of(store: Store, ledger: Ledger, package: Path) -> int:
    """Return the number of the act that a package tells of, once it is this ledger's."""
    manifest = verify_package(package, store.keys.public_key())
    number, told = manifest.get("sequence"), manifest.get("act_sha256")
    if not isinstance(number, int) or not told:
        raise VerificationFailed(f"package {package.name}: it is older than the ledger's places; give a newer one")
    if number > len(ledger):
        raise VerificationFailed(
            f"package {package.name} tells of act {number}, and the ledger has {len(ledger)}: the newest were cut off"
        )
    act = ledger[number - 1]
    said = act.details.get(PACKAGES, {}).get(manifest.get("branch_code") or manifest.get("office"))
    its_own = sha256_of((package / "manifest.json").read_bytes())
    if told != act_hash(act) or said != its_own:  # an act's hash holds that of the act before it
        raise VerificationFailed(
            f"package {package.name} tells of act {number}, and the ledger's act {number} is another: it was rewritten "
            f"up to there, or the package is another store's"
        )
    return number
