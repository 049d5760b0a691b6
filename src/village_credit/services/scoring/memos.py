"""What a scoring may remember: by the code that made it, the libraries under it, and the county's terms."""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib.metadata import requires, version

from village_credit.code_version import code_sha256
from village_credit.memos import Memos
from village_credit.services.rules import Rules
from village_credit.settings import most_memo_bytes
from village_credit.store.memos import StoredMemos
from village_credit.store.store import Store

NAME = re.compile(r"[\w.-]+")  # of a library, at the beginning of what is required


def memos_of(store: Store, rules: Rules, *, keeps: bool = True) -> Memos:
    """Return the memos of a store that hold under these rules; with `keeps` false nothing is written."""
    return StoredMemos(store, (*_ground(), rules.terms_sha256), most_memo_bytes(), keeps=keeps)


@cache
def _ground() -> tuple[str, ...]:
    """Name the code and everything that it stands on."""
    names = (NAME.match(line) for line in requires("village-credit") or [] if "extra ==" not in line)
    libraries = sorted(found.group() for found in names if found)
    return (code_sha256(), sys.version, *(f"{name} {version(name)}" for name in libraries))
