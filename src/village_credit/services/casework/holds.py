"""Stop one household's line between runs, and let it go on: an act in the ledger and a row for its branch, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from village_credit.errors import RunConflict
from village_credit.ledger.four_eyes import required_reason
from village_credit.ledger.holds import HOLD, RELEASE, Hold, holds_in_force, stops
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import county_of
from village_credit.ledger.log import Entry
from village_credit.publish.branch_package import outbox_folder
from village_credit.publish.handing_out import finish_outbox, record_and_pack
from village_credit.signatures import signer
from village_credit.store.store import Store


@dataclass(frozen=True)
class Stopped:
    """What was done to a household, and the packages that tell its branch (none where it has no line in force)."""

    household_key: str
    county_code: str
    act: str
    by: str
    at: str
    packages: list[str]


def hold(store: Store, key: str, by: str, reason: str) -> Stopped:
    """Stop a household: its branch gets `freeze` now, every later scoring decides HELD until it is released.

    Raises MissingInput where no run knows it, RunConflict where it is held already.
    """
    return _act(store, HOLD, key, by, reason)


def release(store: Store, key: str, by: str, reason: str) -> Stopped:
    """Let a household go on: its branch gets what is in force for it.

    A limit decided while it was held waits for a scoring.

    Raises MissingInput where no run knows it, RunConflict where it is not held.
    """
    return _act(store, RELEASE, key, by, reason)


def _act(store: Store, act: str, key: str, by: str, reason: str) -> Stopped:
    by = signer(by)
    reason = required_reason(reason)
    finish_outbox(store)  # what a crash left of the act before is finished, also where this one is refused
    county = county_of(store, Ledger.of(store), key)
    details = {"county_code": county, "household_key": key, "reason": reason}
    entry = record_and_pack(store, act, by, "", details, lambda entries: _may(entries, act, key))
    ((_, told),) = stops([entry])
    packages = sorted(str(ready.parent) for ready in outbox_folder(store, told).glob("*/READY"))
    return Stopped(key, county, act, by, entry.at, packages)


def _may(entries: Sequence[Entry], act: str, key: str) -> None:
    found = _hold_of(entries, key)
    if act == HOLD and found is not None:
        raise RunConflict(f"household {key}: held already since {found.since} by {found.held_by}")
    if act == RELEASE and found is None:
        raise RunConflict(f"household {key}: it is not held, so there is nothing to release; see `status`")


def _hold_of(entries: Sequence[Entry], key: str) -> Hold | None:
    return next((hold for hold in holds_in_force(entries) if hold.household_key == key), None)
