"""What the acts tell of lies in the store as they tell it: manifests, what came back, packages, the analysts' file."""

from __future__ import annotations

from collections.abc import Iterator

from village_credit.errors import MissingInput, VerificationFailed
from village_credit.ledger.erasures import left_of, removed_run, tombstones
from village_credit.ledger.ledger import STAGE, Ledger, is_told
from village_credit.ledger.log import Entry
from village_credit.ledger.relief import RELIEF
from village_credit.ledger.returned import ACKNOWLEDGE, RECORD_USAGE, sealed_table
from village_credit.publish.branch_package import verify_package
from village_credit.publish.signed_manifest import READY
from village_credit.publish.warehouse import FILE, is_as_built
from village_credit.store.store import Store


def altered_files(store: Store, ledger: Ledger) -> list[str]:
    """Say of each file that the ledger's acts vouch for what is the matter with it; none: nothing is."""
    return [
        *_manifests(store, ledger),
        *_frozen(store, ledger),
        *_returned(store, ledger),
        *_packages(store),
        *_analysts(store),
    ]


def _manifests(store: Store, ledger: Ledger) -> Iterator[str]:
    for entry in (entry for entry in ledger if entry.act == STAGE):
        path = store.root / "runs" / entry.run_id / "manifest.json"
        if not path.is_file() and removed_run(ledger, entry.run_id) is None:
            yield f"runs/{entry.run_id}/manifest.json is gone"
        elif path.is_file() and not is_told(entry, path.read_bytes()):
            yield f"runs/{entry.run_id}/manifest.json is not what was staged"


def _frozen(store: Store, ledger: Ledger) -> Iterator[str]:
    """Look at the bytes that acts froze: receipts, usage, workbooks, proofs; a run's own are looked at by `verify`."""
    stones = tombstones(store, ledger)
    brought = {sha256: entry.number for entry in reversed(ledger) for sha256 in _named(entry)}
    for sha256, number in sorted(brought.items(), key=lambda item: item[1]):
        present = left_of(stones, sha256)
        try:
            if present is not None and store.thaw(present) and not store.has_whole_head("frozen", present):
                yield f"act {number}: frozen input {present[:12]} has a head that nobody wrote"
        except (MissingInput, VerificationFailed) as failure:
            yield f"act {number}: {failure}"


def _named(entry: Entry) -> Iterator[str]:
    """Name the files that an act froze, by the hashes of their bytes."""
    yield from (entry.details[name] for name in ("file_sha256", "workbook_sha256") if name in entry.details)
    yield from entry.details["proofs"] if entry.act == RELIEF else ()


def _returned(store: Store, ledger: Ledger) -> Iterator[str]:
    for entry in ledger:
        for name in entry.details["tables"] if entry.act in (ACKNOWLEDGE, RECORD_USAGE) else ():
            try:
                sealed_table(store, entry, name)
            except VerificationFailed as failure:
                yield f"returned/{failure}"


def _packages(store: Store) -> Iterator[str]:
    """Look at what lies in the outbox for a branch to fetch; what was fetched and taken away is the branch's."""
    for ready in sorted((store.root / "outbox").rglob(READY)):
        try:
            verify_package(ready.parent, store.keys.known_keys())
        except VerificationFailed as failure:
            yield f"outbox: {failure}"


def _analysts(store: Store) -> Iterator[str]:
    if store.warehouse.is_file() and not is_as_built(store):
        yield f"{FILE} is not what was built: any act, or `status`, builds it anew"
