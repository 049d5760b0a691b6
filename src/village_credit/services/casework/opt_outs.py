"""A household wants no messages, or wants them again: an act in the ledger, and nothing of its line changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from village_credit.errors import RunConflict
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import county_of
from village_credit.ledger.log import Entry
from village_credit.ledger.opt_outs import OPT_IN, OPT_OUT, opted_out
from village_credit.publish.recording import record
from village_credit.signatures import signer
from village_credit.store.store import Store


@dataclass(frozen=True)
class Opted:
    """What a household wants from now on, and by whose word it is known."""

    household_key: str
    county_code: str
    act: str
    by: str
    at: str


def opt(store: Store, act: str, key: str, by: str) -> Opted:
    """Record that a household opts out of messages, or in again.

    Raises MissingInput where no run knows it, RunConflict where it is as was asked already.
    """
    by, county = signer(by), county_of(store, Ledger.of(store), key)
    details = {"county_code": county, "household_key": key}
    entry = record(store, act, by, "", details, lambda entries: _may(entries, act, key))
    return Opted(key, county, act, by, entry.at)


def _may(entries: Sequence[Entry], act: str, key: str) -> None:
    is_out = key in opted_out(entries)
    if act == OPT_OUT and is_out:
        raise RunConflict(f"household {key}: it has opted out already")
    if act == OPT_IN and not is_out:
        raise RunConflict(f"household {key}: it has not opted out, so there is nothing to take back")
