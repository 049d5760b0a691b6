"""Where flows find the inbox, the history and a place for candidates: the environment, then the checkout's `build`."""

from __future__ import annotations

import os
from pathlib import Path

from village_credit.errors import UsageError

PLACES = {
    "VILLAGE_CREDIT_INBOX": "build/inbox",
    "VILLAGE_CREDIT_HISTORY": "build/training/history",
    "VILLAGE_CREDIT_CANDIDATES": "build/candidate",
}


AT_ONCE = "VILLAGE_CREDIT_AT_ONCE"
# Each county is scored in a process of its own, and uses several cores by itself: two keep a machine busy.
USUAL = 2


def counties_at_once() -> int:
    """Return how many counties are scored side by side; 1: one after the other. Raises UsageError for no number."""
    said = os.environ.get(AT_ONCE, "").strip() or str(USUAL)
    if not said.isdecimal() or not int(said):
        raise UsageError(f"{AT_ONCE} is no whole number from 1: say how many counties are scored side by side")
    return int(said)


def place(variable: str) -> Path:
    """Resolve one of the places."""
    return Path(os.environ.get(variable) or PLACES[variable])


def inbox_of(given: str | None) -> Path:
    """Resolve the inbox, where a flow may have been given another."""
    return Path(given) if given else place("VILLAGE_CREDIT_INBOX")
