"""Files that leave have a hash together, and a small signed file beside them says by which act they left, and to whom.

A recipient needs the bank's public key and nothing else to check it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from village_credit.errors import MissingInput, UsageError, VerificationFailed
from village_credit.ledger.log import Entry, act_hash
from village_credit.pseudonyms import Keys
from village_credit.publish.signed_file import require_signed, signed
from village_credit.signatures import KnownKey, canonical_json
from village_credit.store.store import sha256_of
from village_credit.store.whole_files import json_of, write_whole

STATEMENT = "DISCLOSED.json"
TOLD = ("digest", "kind", "recipient", "second")


def statement_of(place: Path) -> Path:
    """Return where the statement of a file or folder lies: in the folder, or beside the file under its name."""
    return place / STATEMENT if place.is_dir() else place.with_name(f"{place.name}.{STATEMENT}")


def files_of(place: Path) -> dict[str, str]:
    """Return the hash of each file that leaves, by its name below the folder, sorted; the statement is none of them.

    Raises MissingInput where there is nothing, UsageError for a link: whoever follows it may find another file.
    """
    own = statement_of(place)
    found = sorted(place.rglob("*")) if place.is_dir() else [place]
    if any(path.is_symlink() for path in (place, *found)):
        raise UsageError(f"{place.name} is or holds a link: give the files themselves")
    files = [path for path in found if path.is_file() and path != own]
    if not files:
        raise MissingInput(f"{place.name}: there is no such file, or nothing in that folder")
    return {path.name if path == place else path.relative_to(place).as_posix(): sha256_of_file(path) for path in files}


def digest_of(files: dict[str, str]) -> str:
    """Hash files together, by their names and hashes: the ledger keeps no name of a file, for it may name a person."""
    return sha256_of(canonical_json(files))


def write_statement(place: Path, keys: Keys, act: Entry, files: dict[str, str], checkpoint: str) -> Path:
    """Write beside what leaves by which act it left; the act's own hash and a checkpoint tie it to the ledger."""
    told: dict[str, Any] = {name: act.details[name] for name in TOLD}
    told |= {"act": act.number, "act_sha256": act_hash(act), "at": act.at, "by": act.by}
    content = signed(keys, "disclosure", told | {"files": files, "checkpoint": checkpoint})
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1)
    write_whole(statement_of(place), f"{text}\n".encode(), mode=0o600)
    return statement_of(place)


def verify_statement(place: Path, known: Sequence[KnownKey]) -> dict[str, Any]:
    """Return what the statement of a file or folder says.

    Raises MissingInput where there is none: it was disclosed to nobody; VerificationFailed where no known key signed it
    or where files are not those that left.
    """
    if not statement_of(place).is_file():
        raise MissingInput(
            f"{place.name} was disclosed to nobody: no {STATEMENT} lies with it; do not use it, and ask the bank"
        )
    what = f"the {STATEMENT} of {place.name}"
    said = json_of(statement_of(place).read_bytes(), what)
    require_signed(said, "disclosure", known, int(said["act"]) if isinstance(said.get("act"), int) else 0, what)
    there = files_of(place)
    if there != said["files"]:
        lost = sorted(name for name in {*there, *said["files"]} if there.get(name) != said["files"].get(name))
        raise VerificationFailed(
            f"{place.name}: {len(lost):,} files are altered, gone or no part of what was disclosed ({lost[0]}); do not "
            f"use it, and ask the bank"
        )
    return said


def sha256_of_file(path: Path) -> str:
    """Hash a file's bytes without reading it whole."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
