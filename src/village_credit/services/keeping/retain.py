"""What is past its retention is shown, and removed once two people say so; the ledger keeps names, hashes and counts.

Days are reckoned from acts of the ledger in China, never from file times. What lines in force or the next scoring rest
on stays, however old it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from village_credit.errors import GateRefused, RunConflict, UsageError
from village_credit.ledger.erasures import PACKAGE, RETAIN, RUN, SIMULATION, VAULT, day_of, journal_path, read_journal
from village_credit.ledger.ledger import STAGE, Ledger
from village_credit.ledger.log import Entry
from village_credit.ledger.returned import ACKNOWLEDGE
from village_credit.policy.model import Policy
from village_credit.policy.retention import period
from village_credit.publish.handing_out import finish_outbox
from village_credit.publish.recording import record
from village_credit.signatures import same_person, signer
from village_credit.store.memos import drop_memos
from village_credit.store.store import (
    IDENTITIES,
    MEASURED,
    NAMES,
    PARTS,
    REFERRALS,
    ROWS,
    SEALED,
    Store,
    part_file,
    sha256_of,
)
from village_credit.store.whole_files import remove_folder, sync_folder, write_whole


@dataclass(frozen=True)
class Item:
    """A file or folder past its retention.

    `place` below the store; `sha256` of the file, or of what its manifest says; `since`: the day of the act from which
    its days are reckoned; `run_id`: empty of a package.
    """

    kind: str
    place: str
    run_id: str
    county_code: str
    since: str
    kept_days: int
    files: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Retained:
    """What is past its retention on a day, and by which act it was removed; 0: it was only shown."""

    as_of: str
    items: list[Item]
    not_said: list[str]  # kinds that the policy says nothing of: they are kept
    act: int

    @property
    def bytes(self) -> int:
        """Return how much it is."""
        return sum(item.bytes for item in self.items)


def retain(
    store: Store, policy: tuple[Policy, str], on: date, by: str | None = None, second: str | None = None
) -> Retained:
    """Return what is past its retention by a policy (with its hash) on a day; with two people, remove it.

    The same command again finishes what a crash left. Raises GateRefused where both are one person or the second
    prepared a run of which something goes, RunConflict where the ledger went on meanwhile.
    """
    begun = read_journal(store, RETAIN)
    if by is not None:
        finish_outbox(store)
    ledger = Ledger.of(store)
    found = _Shelf(store, ledger, policy[0], on)
    items = _with_begun(list(found.items()), begun)
    told = Retained(on.isoformat(), items, found.not_said(), 0)
    if by is None:
        return told
    signed = _signed(ledger, items, by, second)
    drop_memos(store)
    if not items:
        return told
    return _remove(store, ledger, told, policy[1], signed)


def _signed(ledger: Ledger, items: Sequence[Item], by: str, second: str | None) -> tuple[str, str]:
    if second is None:
        raise UsageError("--apply needs --by and --second: two people remove what is past its retention")
    by, second = signer(by), signer(second)
    if same_person(by, second):
        raise GateRefused(f"--by and --second are both {by}: removing needs two people")
    prepared = {entry.run_id: entry.by for entry in ledger if entry.act == STAGE}
    for item in items:
        if same_person(prepared.get(item.run_id, ""), second):
            raise GateRefused(f"run {item.run_id}: {second} prepared it and cannot be the second person; ask another")
    return by, second


def _with_begun(items: list[Item], begun: dict[str, Any] | None) -> list[Item]:
    """Add what an apply that was not finished was about to remove."""
    known = {item.place: item for item in items}
    known |= {one["place"]: Item(**one) for one in (begun or {"items": []})["items"]}
    return [known[place] for place in sorted(known)]


def _remove(store: Store, ledger: Ledger, told: Retained, policy_sha256: str, signed: tuple[str, str]) -> Retained:
    """Say in a journal what goes, remove it, and write the act."""
    removed = [asdict(item) for item in told.items]
    journal = json.dumps({"items": removed}, sort_keys=True, indent=1).encode("utf-8")
    write_whole(journal_path(store, RETAIN), journal, mode=0o600)
    for item in told.items:
        _take_away(store.root / item.place)
    details = {"as_of": told.as_of, "policy_sha256": policy_sha256, "second": signed[1], "removed": removed}
    entry = record(store, RETAIN, signed[0], "", details, lambda now: _require_unmoved(now, ledger))
    journal_path(store, RETAIN).unlink(missing_ok=True)
    return replace(told, act=entry.number)


def _take_away(place: Path) -> None:
    if place.suffix == SEALED:
        place.unlink(missing_ok=True)
        sync_folder(place.parent)
    else:
        remove_folder(place)


def _require_unmoved(now: Ledger, planned_on: Ledger) -> None:
    if len(now) != len(planned_on):
        raise RunConflict("another act changed the ledger just now: give the same command again, it goes on from there")


@dataclass(frozen=True)
class _Shelf:
    """What a store keeps on a day, by a policy."""

    store: Store
    ledger: Ledger
    policy: Policy
    on: date

    def not_said(self) -> list[str]:
        """Name the kinds of which the policy says nothing in any county."""
        said = {one.what for one in self.policy.retention if one.from_ <= self.on}
        return [kind for kind in (VAULT, SIMULATION, PACKAGE, RUN) if kind not in said]

    def items(self) -> Iterator[Item]:
        """Return what is past its retention, each place once."""
        unsigned = list(self._unsigned())
        yield from unsigned
        gone = {item.run_id for item in unsigned}
        yield from (item for item in (*self._vaults(), *self._measured()) if item.run_id not in gone)
        yield from self._packages()

    def _vaults(self) -> Iterator[Item]:
        """Return identities and referrals of runs of which nothing is in force, from the day that took their place."""
        for entry, since in self._superseded():
            for part in (IDENTITIES, REFERRALS, ROWS, NAMES):
                yield from self._file(VAULT, entry, since, f"vault/{part_file(entry.run_id, part)}")

    def _measured(self) -> Iterator[Item]:
        for entry, since in self._superseded():
            yield from self._file(SIMULATION, entry, since, f"vault/{part_file(entry.run_id, MEASURED)}")

    def _superseded(self) -> Iterator[tuple[Entry, date]]:
        """Return the staging of each run that was in force and is no more, and since when."""
        publications, acts = self.ledger.publications, self.ledger.county_acts
        for entry in self._stagings():
            mine = [p.number for p in publications if p.run_id == entry.run_id]
            if mine and self.ledger.status(entry.run_id) in ("superseded", "withdrawn"):
                later = [p for p in acts if p.number > mine[-1] and p.county_code == _county(entry)]
                since = later[0].number if later else mine[-1]
                yield entry, self._day(self.ledger[since - 1])

    def _unsigned(self) -> Iterator[Item]:
        """Return staged runs that nobody signed, whole, but for a county's last: `rescore` goes on from it."""
        last = {_county(entry): entry.run_id for entry in sorted(self._stagings(), key=_order)}
        for entry in self._stagings():
            if self.ledger.approval(entry.run_id) is None and last[_county(entry)] != entry.run_id:
                since = self._day(entry)
                yield from self._folder(RUN, entry, since, f"runs/{entry.run_id}")
                for part in PARTS:
                    yield from self._file(RUN, entry, since, f"vault/{part_file(entry.run_id, part)}")

    def _packages(self) -> Iterator[Item]:
        """Return packages of which their receiver's receipt says that it has them."""
        confirmed = {
            (publication, entry.details["branch_code"]): entry
            for entry in reversed(list(self.ledger))
            if entry.act == ACKNOWLEDGE
            for publication in entry.details["publications"]
        }
        for folder in sorted(self.store.root.glob("outbox/*/*/*")):
            county, publication, receiver = folder.parts[-3:]
            receipt = confirmed.get((publication, receiver))
            if receipt is not None and (folder / "manifest.json").is_file():
                place = f"outbox/{county}/{publication}/{receiver}"
                yield from self._folder(PACKAGE, replace(receipt, run_id=""), self._day(receipt), place, county)

    def _stagings(self) -> list[Entry]:
        there = set(self.store.run_ids())
        return [entry for entry in self.ledger if entry.act == STAGE and entry.run_id in there]

    @staticmethod
    def _day(entry: Entry) -> date:
        return date.fromisoformat(day_of(entry))

    def _file(self, kind: str, entry: Entry, since: date, place: str) -> Iterator[Item]:
        path, days = self.store.root / place, self._days(kind, since, _county(entry))
        if days is not None and path.is_file():
            content = path.read_bytes()
            told = (since.isoformat(), days, 1, len(content), sha256_of(content))
            yield Item(kind, place, entry.run_id, _county(entry), *told)

    def _folder(self, kind: str, entry: Entry, since: date, place: str, county: str = "") -> Iterator[Item]:
        path = self.store.root / place
        days = self._days(kind, since, county or _county(entry))
        if days is not None and path.is_dir():
            sizes = [file.stat().st_size for file in path.rglob("*") if file.is_file()]
            told = (since.isoformat(), days, len(sizes), sum(sizes), sha256_of((path / "manifest.json").read_bytes()))
            yield Item(kind, place, entry.run_id, county or _county(entry), *told)

    def _days(self, kind: str, since: date, county: str) -> int | None:
        """Return for how many days something is kept, where they are over; None where it stays."""
        found = period(self.policy, kind, self.on, county)
        return found.days if found and since + timedelta(days=found.days) < self.on else None


def _county(entry: Entry) -> str:
    return str(entry.details.get("county_code", ""))


def _order(entry: Entry) -> tuple[str, int]:
    return str(entry.details["as_of"]), entry.number
