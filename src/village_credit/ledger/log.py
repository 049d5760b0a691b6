"""The ledger: one exclusively created file an act, each chained to the last; a publication is an entry."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from village_credit.china_calendar import moment_as_if
from village_credit.errors import RunConflict, VerificationFailed
from village_credit.gc_pause import resting_collector
from village_credit.signatures import canonical_json
from village_credit.store.act_files import act_bytes_of, create_act, newest_act, read_acts
from village_credit.store.opening import KEYS_SINCE, keys_since
from village_credit.store.store import sha256_of
from village_credit.store.volumes import act_name

LOG = logging.getLogger(__name__)
GENESIS = "0" * 64
CLOCK = "clock"  # of an entry's details: what a clock said that was behind the last act
MAX_TRIES = 50
PACKAGES = "packages"  # of an entry's details: the hash of each package's manifest by its folder's name
SIGNATURE = "signature"  # of an entry's details: the store's, over all else that the entry says


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
    """Write what an act says, but for the packages that tell of it: these name it by its hash, and it names them.

    Nor for its signature, which is over these packages too.
    """
    return _written_without(entry, PACKAGES, SIGNATURE)


def signed_bytes(entry: Entry) -> bytes:
    """Write all that an act says, as it is signed."""
    return _written_without(entry, SIGNATURE)


def _written_without(entry: Entry, *names: str) -> bytes:
    said = {name: value for name, value in entry.details.items() if name not in names}
    return canonical_json({**entry.__dict__, "details": said})


def act_hash(entry: Entry) -> str:
    """Hash what an act says, but for its packages."""
    return sha256_of(act_bytes(entry))


def read_ledger(folder: Path) -> list[Entry]:
    """Read every entry and check the chain; raises VerificationFailed where it is broken."""
    return _chained(read_acts(folder))[0]


def _chained(acts: Sequence[bytes]) -> tuple[list[Entry], str]:
    """Return acts and the hash of the last; each must name that of the one before it."""
    entries: list[Entry] = []
    previous = GENESIS
    with resting_collector():
        for number, content in enumerate(acts, start=1):
            entry = _entry(number, content)
            if entry.number != number or entry.previous != previous:
                raise VerificationFailed(
                    f"ledger entry {act_name(number)} does not follow the one before it: the chain is broken there"
                )
            entries.append(entry)
            previous = sha256_of(content)
    return entries, previous


def _entry(number: int, content: bytes) -> Entry:
    try:
        return Entry(**from_json(content))
    except (ValueError, TypeError):
        raise VerificationFailed(f"ledger entry {act_name(number)} is damaged: the chain is broken there") from None


def head(folder: Path) -> str:
    """Return the hash of the last entry."""
    newest = newest_act(folder)
    content = act_bytes_of(folder, newest) if newest else None
    return GENESIS if content is None else sha256_of(content)


def append(
    folder: Path,
    act: str,
    by: str,
    run_id: str,
    details: dict[str, Any],
    still_holds: Callable[[Sequence[Entry]], None] | None = None,
    first: dict[str, Any] | None = None,
    prepare: Callable[[Sequence[Entry]], dict[str, Any]] | None = None,
    sign: Callable[[bytes], str] | None = None,
) -> Entry:
    """Write the next entry. The exclusive create is the moment of the act: of two writers one wins.

    `still_holds` looks at the ledger as it is just before each try, and raises where the act no longer may be.
    `first`: what the ledger's first entry says besides. `prepare` does what must be done before the act stands, on the
    ledger as it would be with it, and returns what the entry says of that; it is asked again at each try. `sign` signs
    what the entry says, last of all.
    """
    for _ in range(MAX_TRIES):
        entries, last = _chained(read_acts(folder))
        if still_holds:
            still_holds(entries)
        at, clock = _not_before(entries, (moment_as_if() or datetime.now(UTC)).isoformat(timespec="seconds"))
        said = {**details, **(_keys_told(entries[-1]) if entries else first or {}), **clock}
        entry = Entry(len(entries) + 1, act, at, by, run_id, said, last)
        if prepare:
            entry = replace(entry, details=entry.details | prepare([*entries, entry]))
        if sign:
            entry = replace(entry, details=entry.details | {SIGNATURE: sign(signed_bytes(entry))})
        if _create(folder, entry):
            return entry
    raise RunConflict(f"{act} {run_id}: the ledger was busy {MAX_TRIES} times; try again")


def _not_before(entries: Sequence[Entry], now: str) -> tuple[str, dict[str, str]]:
    """Return when an act is: never before the last one, for days of publication are reckoned by it.

    What a clock said that was behind stands in the act, and is told.
    """
    last = entries[-1].at if entries else now
    if now >= last:
        return now, {}
    LOG.warning(
        "this machine's clock says %s, and the last act is of %s: set the clock; the act stands as of then", now, last
    )
    return last, {CLOCK: now}


def _keys_told(last: Entry) -> dict[str, int]:
    """Return what an act says of the newest rotation: who opens the store asks the last act alone."""
    since = keys_since(last.__dict__)
    return {} if since is None else {KEYS_SINCE: since}


def _create(folder: Path, entry: Entry) -> bool:
    """Create the entry whole, and only where nobody else made one of its number."""
    return create_act(folder, entry.number, written(entry))


def written(entry: Entry) -> bytes:
    """Return the bytes of an entry's file."""
    return json.dumps(entry.__dict__, ensure_ascii=False, sort_keys=True, indent=1).encode("utf-8")
