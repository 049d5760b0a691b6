"""What was taken out of the store, by the ledger: erased bytes and what is left of them, erased households, old files.

An erasure that is under way counts from its journal on: bytes that it has taken away never come back by the side door.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from village_credit.china_calendar import day_in_china
from village_credit.extract.grid import DeliveredFile
from village_credit.ledger.log import Entry
from village_credit.store.store import Store
from village_credit.store.whole_files import json_of

ERASE, RETAIN = "erase", "retain"
RUN, VAULT, SIMULATION, PACKAGE = "unsigned_runs", "superseded_vaults", "simulation_inputs", "confirmed_packages"


@dataclass(frozen=True)
class Tombstone:
    """Bytes that are gone: what is left of them (None: nothing), how many lines went, by which act on which day.

    An erasure that is under way has no act yet: 0, and no day.
    """

    sha256: str
    became: str | None
    lines: int
    act: int
    day: str

    def told(self) -> str:
        """Name the act."""
        return f"act {self.act:,} of {self.day}" if self.act else "an erasure that is under way"


def journal_path(store: Store, act: str) -> Path:
    """Where an erasure or retention says what it is about to do, until its act stands; nothing personal."""
    return store.root / f"{act}.journal.json"


def read_journal(store: Store, act: str) -> dict[str, Any] | None:
    """Return what an act that was begun is about to do; None where none was, or it is done."""
    path = journal_path(store, act)
    return json_of(path.read_bytes(), path.name) if path.is_file() else None


def tombstones(store: Store, entries: Iterable[Entry]) -> dict[str, Tombstone]:
    """Return what stands for each erased file by the hash of its bytes, the latest word on each."""
    found = {
        item["sha256"]: Tombstone(item["sha256"], item["became"], item["lines"], entry.number, day_of(entry))
        for entry in entries
        if entry.act == ERASE
        for item in entry.details["files"]
    }
    begun = read_journal(store, ERASE) or {"files": []}
    mine = {item["sha256"]: Tombstone(item["sha256"], item["became"], item["lines"], 0, "") for item in begun["files"]}
    return mine | found


def left_of(stones: dict[str, Tombstone], sha256: str) -> str | None:
    """Return the hash of what is left today of bytes, through every erasure; None where nothing is."""
    present: str | None = sha256
    while present in stones:
        present = stones[present].became
    return present


def thaw_what_is_left(store: Store, entries: Iterable[Entry], file_name: str, sha256: str) -> DeliveredFile | None:
    """Read a delivered file back without the lines that were erased of it; None where all of it was.

    The lines that are left keep their numbers, and the file the hash under which a run knows it.
    """
    present = left_of(tombstones(store, entries), sha256)
    return None if present is None else DeliveredFile(file_name, store.thaw(present), sha256)


def erased_households(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Return the last act that erased the identity of each household: all of its persons, or its borrower."""
    acts = [entry for entry in entries if entry.act == ERASE]
    return {key: entry for entry in acts for key in (*entry.details["households"], *entry.details["borrowers"])}


def erased_persons(entries: Iterable[Entry]) -> set[str]:
    """Return the keyed hashes of the numbers of who was erased."""
    return {number for entry in entries if entry.act == ERASE for number in entry.details["persons"]}


def whole_households(entries: Iterable[Entry]) -> set[str]:
    """Name the households of which every person was erased."""
    return {key for entry in entries if entry.act == ERASE for key in entry.details["households"]}


def touched_runs(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Return the last act that took something of each run out of the vault."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.act == ERASE:
            found |= dict.fromkeys(entry.details["runs"], entry)
        if entry.act == RETAIN:
            found |= dict.fromkeys((one["run_id"] for one in entry.details["removed"] if one["run_id"]), entry)
    return found


def removed_run(entries: Iterable[Entry], run_id: str) -> Entry | None:
    """Return the act that removed a staged run that nobody signed."""
    return next((e for e in entries if e.act == RETAIN and run_id in _runs_of(e)), None)


def _runs_of(entry: Entry) -> list[str]:
    return [one["run_id"] for one in entry.details["removed"] if one["kind"] == RUN]


def repacked(entries: Iterable[Entry], publication_id: str, receiver: str) -> set[str]:
    """Return the hashes of manifests of packages that were packed anew without whom an act erased."""
    told = [entry.details["repacked"].get(publication_id, {}).get(receiver) for entry in entries if entry.act == ERASE]
    return {sha256 for sha256 in told if sha256}


def day_of(entry: Entry) -> str:
    """Return the day of an act in China."""
    return day_in_china(entry.at).isoformat()
