"""Disclose a file or folder: two people say that it leaves and to whom, and the ledger keeps what it was."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_contracts.toml_file import has_long_number
from village_credit.errors import GateRefused, RunConflict, UsageError
from village_credit.ledger.checkpoints import leaves_of, write_checkpoint
from village_credit.ledger.disclosures import DISCLOSE, same_disclosure
from village_credit.ledger.four_eyes import required_reason
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.publish.disclosed import digest_of, files_of, sha256_of_file, write_statement
from village_credit.publish.export_folder import DATABASE, is_export, read_export
from village_credit.publish.recording import record
from village_credit.publish.sealed_package import is_sealed
from village_credit.publish.signed_manifest import MANIFEST, READY
from village_credit.signatures import same_person, signer
from village_credit.store.act_files import read_acts
from village_credit.store.store import Store, sha256_of
from village_credit.store.whole_files import json_of

HELD = ("vault", "returned", "packing", "outbox", "runs", "ledger", "approvals", "memos")  # what no copy of leaves
NEVER = "these never leave; an `export` does, and what is made of one"
MOST_OF_KEYS = 65_536  # bytes of a key file, and more
EXPORT, FILES = "export", "files"


@dataclass(frozen=True)
class Word:
    """Who says that something leaves, the second person, to whom it goes, and why."""

    by: str
    second: str
    recipient: str
    reason: str


@dataclass(frozen=True)
class Disclosed:
    """What left by which act; `noop`: it had left for the same recipient before."""

    act: int
    kind: str
    digest: str
    files: int
    recipient: str
    statement: str
    noop: bool


def disclose(store: Store, place: Path, word: Word, key_file: Path) -> Disclosed:
    """Record that a file or folder leaves, then write DISCLOSED.json beside it; the same again only writes that file.

    Raises GateRefused where both are one person, what leaves is the store's own secret or a package, UsageError where
    nobody or a person's number is named, VerificationFailed where an export is not what was signed.
    """
    said = _checked(word)
    _require_may_leave(store, place, key_file)
    kind, more = _kind_of(store, place)
    files = files_of(place)
    _require_no_copy(store, place, files, key_file)
    digest = digest_of(files)
    ledger = Ledger.of(store)
    before = same_disclosure(ledger, digest, said.recipient)
    size = sum(_file(place, name).stat().st_size for name in files)
    told = {"digest": digest, "kind": kind, "files": len(files), "bytes": size, **more}
    act = before or _record(store, said, told)
    until = Ledger.of(store).before(act.number + 1)
    statement = write_statement(place, store.keys, act, files, write_checkpoint(store.keys, leaves_of(until)))
    recipient = str(act.details["recipient"])
    return Disclosed(act.number, kind, digest, len(files), recipient, str(statement), noop=before is not None)


def _file(place: Path, name: str) -> Path:
    return place / name if place.is_dir() else place


def _checked(word: Word) -> Word:
    """Return the names as they are recorded; raises GateRefused where one person is both."""
    by, second, recipient = signer(word.by), signer(word.second), word.recipient.strip()
    if same_person(by, second):
        raise GateRefused(f"--by and --second are both {by}: what leaves needs a second person's word")
    if not any(mark.isalpha() for mark in recipient):
        raise UsageError("--to names nobody: say in words which house it goes to")
    if has_long_number(recipient):
        raise UsageError("--to holds what may be a person's number: name the house, not a person")
    return Word(by, second, recipient, required_reason(word.reason))


def _require_may_leave(store: Store, place: Path, key_file: Path) -> None:
    """Raise GateRefused for keys, for the store and what lies in it, and for a package."""
    secret, asked = (key_file.resolve(), store.root.resolve()), place.resolve()
    if any(one == asked or one in asked.parents or asked in one.parents for one in secret):
        raise GateRefused(f"{asked.name} is or holds the store or its keys: {NEVER}")
    if (place / READY).is_file():
        raise GateRefused(
            f"{place.name} is a package, with names and numbers: it goes to its branch or office and to nobody else"
        )
    if (place / DATABASE).is_file() and not is_export(place):
        raise GateRefused(f"{place.name} is an export without its manifest: nobody can tell whether it is one of ours")


def _require_no_copy(store: Store, place: Path, files: dict[str, str], key_file: Path) -> None:
    """Raise GateRefused for bytes that are keys or lie in the store, whatever they are called.

    What is packed into an archive is not looked into: that is what the second person is asked for.
    """
    own = _own_bytes(store, key_file, {_file(place, name).stat().st_size for name in files}) | _sealed_bytes(store)
    for name, sha256 in files.items():
        if sha256 in own or (store.root / "frozen" / sha256).exists() or _is_key_file(_file(place, name)):
            raise GateRefused(f"{name} is a copy of keys, or of what lies in the store: {NEVER}")


def _own_bytes(store: Store, key_file: Path, sizes: set[int]) -> set[str]:
    """Return the hashes of what the store holds in files of some sizes, acts in volumes too.

    Of an empty file nothing is said.
    """
    held = [path for folder in HELD for path in (store.root / folder).rglob("*")]
    there = [path for path in (key_file, store.warehouse, *held) if path.is_file()]
    files = {sha256_of_file(path) for path in there if path.stat().st_size in sizes - {0}}
    return files | {sha256_of(act) for act in read_acts(store.ledger_folder) if len(act) in sizes}


def _sealed_bytes(store: Store) -> set[str]:
    """Return the hashes of what sealed packages hold in the clear, as their manifests have them."""
    folders = [path.parent for path in store.root.glob(f"outbox/*/*/*/{MANIFEST}") if is_sealed(path.parent)]
    told = [json_of((folder / MANIFEST).read_bytes(), f"package {folder.name}") for folder in folders]
    return {str(sha256) for manifest in told for sha256 in manifest.get("files", {}).values()}


def _is_key_file(path: Path) -> bool:
    """Tell a key file, of any store, by what it says."""
    if path.stat().st_size > MOST_OF_KEYS:
        return False
    try:
        said = json.loads(path.read_bytes())
    except ValueError:
        return False
    return isinstance(said, dict) and {"vault", "signing"} <= said.keys()


def _kind_of(store: Store, place: Path) -> tuple[str, dict[str, Any]]:
    """Return what leaves; of an export, which must be what was signed, its month and counties."""
    if not is_export(place):
        return FILES, {}
    said = read_export(place, store.keys.known_keys())
    return EXPORT, {"month": said["month"], "counties": said["counties"], "keyed_for": said["keyed_for"]}


def _record(store: Store, word: Word, told: dict[str, Any]) -> Entry:
    def still_holds(now: Ledger) -> None:
        if same_disclosure(now, told["digest"], word.recipient):
            raise RunConflict("somebody disclosed the same just now: give the same command again")

    people = {"second": word.second, "recipient": word.recipient, "reason": word.reason}
    return record(store, DISCLOSE, word.by, "", told | people, still_holds)
