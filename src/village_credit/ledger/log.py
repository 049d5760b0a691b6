"""The ledger: one exclusively created file an act, each chained to the last; a publication is an entry."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from village_credit.errors import RunConflict, VerificationFailed
from village_credit.signatures import canonical_json
from village_credit.store.store import sha256_of
from village_credit.store.whole_files import create_whole

GENESIS = "0" * 64
MAX_TRIES = 50
PACKAGES = "packages"  # of an entry's details: the hash of each package's manifest by its folder's name


@dataclass(frozen=True)
class Entry:
    """One act: who did what, when, on which run; `previous` is the hash of the file before it."""

    number: int
    act: str
    at: str
    by: str
    run_id: str
    details: dict[str, Any]
    previous: str


def act_bytes(entry: Entry) -> bytes:
    """Write what an act says, but for the packages that tell of it: these name it by its hash, and it names them."""
    said = {name: value for name, value in entry.details.items() if name != PACKAGES}
    return canonical_json({**entry.__dict__, "details": said})


def act_hash(entry: Entry) -> str:
    """Hash what an act says, but for its packages."""
    return sha256_of(act_bytes(entry))


def read_ledger(folder: Path) -> list[Entry]:
    """Read every entry and check the chain; raises VerificationFailed where it is broken."""
    entries: list[Entry] = []
    previous = GENESIS
    for number, path in enumerate(sorted(folder.glob("[0-9]*.json")), start=1):
        content = path.read_bytes()
        entry = _entry(path.name, content)
        if entry.number != number or path.name != f"{number:08d}.json" or entry.previous != previous:
            raise VerificationFailed(
                f"ledger entry {path.name} does not follow the one before it: the chain is broken there"
            )
        entries.append(entry)
        previous = sha256_of(content)
    return entries


def _entry(name: str, content: bytes) -> Entry:
    try:
        return Entry(**json.loads(content))
    except (ValueError, TypeError):
        raise VerificationFailed(f"ledger entry {name} is damaged: the chain is broken there") from None


def head(folder: Path) -> str:
    """Return the hash of the last entry."""
    paths = sorted(folder.glob("[0-9]*.json"))
    return sha256_of(paths[-1].read_bytes()) if paths else GENESIS


def append(
    folder: Path,
    act: str,
    by: str,
    run_id: str,
    details: dict[str, Any],
    still_holds: Callable[[Sequence[Entry]], None] | None = None,
    first: dict[str, Any] | None = None,
    prepare: Callable[[Sequence[Entry]], dict[str, Any]] | None = None,
) -> Entry:
    """Write the next entry. The exclusive create is the moment of the act: of two writers one wins.

    `still_holds` looks at the ledger as it is just before each try, and raises where the act no longer may be.
    `first`: what the ledger's first entry says besides. `prepare` does what must be done before the act stands, on the
    ledger as it would be with it, and returns what the entry says of that; it is asked again at each try.
    """
    for _ in range(MAX_TRIES):
        entries = read_ledger(folder)
        if still_holds:
            still_holds(entries)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        said = details if entries else {**details, **(first or {})}
        entry = Entry(len(entries) + 1, act, now, by, run_id, said, head(folder))
        if prepare:
            entry = replace(entry, details=entry.details | prepare([*entries, entry]))
        if _create(folder / f"{entry.number:08d}.json", entry):
            return entry
    raise RunConflict(f"{act} {run_id}: the ledger was busy {MAX_TRIES} times; try again")


def _create(path: Path, entry: Entry) -> bool:
    """Create the entry whole, and only where nobody else made one of its number."""
    content = json.dumps(entry.__dict__, ensure_ascii=False, sort_keys=True, indent=1).encode("utf-8")
    return create_whole(path, content, mode=0o444)
