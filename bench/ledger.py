"""A ledger's acts read, checked and hashed as one tree: CPU seconds, as ratios to reading and hashing the same bytes.

First a file an act, as they are written; then as they lie after acts of long ago went into volumes. Floor: each file is
read and each act hashed once, in the same process: no check of a chain can do without that. Seconds are of this machine
at this moment; the ratios are what to compare. It exits 1 where the ledger does not come out as it was written, or
`ledger verify` of one in volumes takes more than `MOST` CPU seconds for 100,000 acts.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.timing import cpu_seconds
from village_credit.ledger import log
from village_credit.ledger.checkpoints import leaves_of
from village_credit.ledger.log import GENESIS, Entry, read_ledger, written
from village_credit.ledger.signed_acts import count_signed_acts
from village_credit.merkle import root
from village_credit.pseudonyms import Keys
from village_credit.services.queries.anchors import verify_ledger
from village_credit.store.act_files import keep_in_volumes
from village_credit.store.store import Store, sha256_of
from village_credit.store.volumes import LINE_BYTES, act_name

TIMES = 3
MOST = 3.0  # CPU seconds of `ledger verify` for ACTS acts in volumes
ACTS = 100_000
KEYS = Keys(*(bytes([number]) * 32 for number in range(4)))
DETAILS = {"county_code": "659900", "household_key": "h" + "a" * 26, "reason": "made up"}


def main() -> int:
    """Measure and print one table; 1 where the ledger does not come out as it was written, or takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acts", type=int, default=ACTS)
    words = parser.parse_args()
    with TemporaryDirectory() as place:
        folder = Path(place) / "ledger"
        folder.mkdir()
        last = write_acts(folder, words.acts)
        print(f"{words.acts:,} acts{'':<30}CPU s  x floor")
        _measured("a file an act", folder)
        begun = time.process_time()
        gone = keep_in_volumes(folder)
        print(f"  {f'{gone:,} of them put into volumes, once':<42}{time.process_time() - begun:>6.2f}")
        entries, took = _measured("in volumes", folder)
    fits = took <= MOST * max(1.0, words.acts / ACTS)
    return 0 if fits and len(entries) == words.acts and entries[-1].previous == last else 1


def _measured(how: str, folder: Path) -> tuple[list[Entry], float]:
    """Print what a ledger costs as it lies; return its entries, and the seconds of `ledger verify`."""
    store, entries = Store(folder.parent, KEYS), read_ledger(folder)
    steps: dict[str, Callable[[], object]] = {
        "read and hash (floor)": lambda: _hashed(folder),
        "read, check the chain": lambda: read_ledger(folder),
        "tree": lambda: root(leaves_of(entries)),
        "signatures": lambda: count_signed_acts(entries, KEYS.known_keys()),
        "`ledger verify` whole": lambda: verify_ledger(store, []),
    }
    took = {name: cpu_seconds(step, TIMES) for name, step in steps.items()}
    floor = took["read and hash (floor)"]
    for name, seconds in took.items():
        print(f"  {f'{how}: {name}':<42}{seconds:>6.2f}{seconds / floor:>9.1f}")
    return entries, took["`ledger verify` whole"]


def write_acts(folder: Path, count: int) -> str:
    """Write a chain of acts, as they are written but unsynced; return the hash of the last but one."""
    previous = before = GENESIS
    for number in range(1, count + 1):
        entry = Entry(number, "hold", "2026-11-01T00:00:00+00:00", "1001", "", DETAILS, previous)
        entry = replace(entry, details={**DETAILS, log.SIGNATURE: KEYS.sign_bytes("act", log.signed_bytes(entry))})
        content = written(entry)
        (folder / act_name(number)).write_bytes(content)
        before, previous = previous, sha256_of(content)
    return before


def _hashed(folder: Path) -> None:
    for name in sorted(os.listdir(folder)):  # noqa: PTH208  # a hundred thousand paths cost more than the acts
        with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123  # as above
            content = file.read()
        if name.endswith(".json"):
            hashlib.sha256(content).hexdigest()
            continue
        at = 8
        while at < len(content):  # of a volume each act by itself, as the chain has it
            begun, size = at + LINE_BYTES, int(content[at + 48 : at + 58])
            hashlib.sha256(content[begun : begun + size]).hexdigest()
            at = begun + size + size % 2


if __name__ == "__main__":
    sys.exit(main())
