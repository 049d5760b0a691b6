"""Where flows find the inbox, the history and a place for candidates: the environment, then the checkout's `build`."""

from __future__ import annotations

import os
from pathlib import Path

PLACES = {
    "VILLAGE_CREDIT_INBOX": "build/inbox",
    "VILLAGE_CREDIT_HISTORY": "build/training/history",
    "VILLAGE_CREDIT_CANDIDATES": "build/candidate",
}


def place(variable: str) -> Path:
    """Resolve one of the places."""
    return Path(os.environ.get(variable) or PLACES[variable])


def inbox_of(given: str | None) -> Path:
    """Resolve the inbox, where a flow may have been given another."""
    return Path(given) if given else place("VILLAGE_CREDIT_INBOX")
