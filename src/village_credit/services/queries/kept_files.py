"""What the acts tell of lies in the store as they tell it: manifests, what came back, packages, the analysts' file."""

from __future__ import annotations

from collections.abc import Iterator

from village_credit.errors import VerificationFailed
from village_credit.ledger.erasures import removed_run
from village_credit.ledger.ledger import STAGE, Ledger
from village_credit.ledger.returned import ACKNOWLEDGE, RECORD_USAGE, sealed_table
from village_credit.publish.branch_package import verify_package
from village_credit.publish.warehouse import FILE, is_as_built
from village_credit.store.store import Store, sha256_of


def altered_files(store: Store, ledger: Ledger) -> list[str]:
    """Say of each file that the ledger's acts vouch for what is the matter with it; none: nothing is."""
    return [*_manifests(store, ledger), *_returned(store, ledger), *_packages(store), *_analysts(store)]


def _manifests(store: Store, ledger: Ledger) -> Iterator[str]:
    for entry in ledger:
        said = entry.details.get("manifest_sha256") if entry.act == STAGE else None
        path = store.root / "runs" / entry.run_id / "manifest.json"
        if said and not path.is_file() and removed_run(ledger, entry.run_id) is None:
            yield f"runs/{entry.run_id}/manifest.json is gone"
        elif said and path.is_file() and sha256_of(path.read_bytes()) != said:
            yield f"runs/{entry.run_id}/manifest.json is not what was staged"


def _returned(store: Store, ledger: Ledger) -> Iterator[str]:
    for entry in ledger:
        for name in entry.details["tables"] if entry.act in (ACKNOWLEDGE, RECORD_USAGE) else ():
            try:
                sealed_table(store, entry, name)
            except VerificationFailed as failure:
                yield f"returned/{failure}"


def _packages(store: Store) -> Iterator[str]:
    """Look at what lies in the outbox for a branch to fetch; what was fetched and taken away is the branch's."""
    for ready in sorted((store.root / "outbox").rglob("READY")):
        try:
            verify_package(ready.parent, store.keys.known_keys())
        except VerificationFailed as failure:
            yield f"outbox: {failure}"


def _analysts(store: Store) -> Iterator[str]:
    if store.warehouse.is_file() and not is_as_built(store):
        yield f"{FILE} is not what was built: any act, or `status`, builds it anew"
