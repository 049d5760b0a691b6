"""A ledger's acts read, checked and hashed as one tree: CPU seconds, as ratios to reading and hashing the same files.

Floor: each file is read and hashed once, in the same process: no check of a chain can do without that. Seconds are of
this machine at this moment; the ratios are what to compare.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.timing import cpu_seconds
from village_credit.ledger import log
from village_credit.ledger.checkpoints import leaves_of
from village_credit.ledger.log import GENESIS, Entry, read_ledger
from village_credit.ledger.signed_acts import count_signed_acts
from village_credit.merkle import root
from village_credit.pseudonyms import Keys
from village_credit.services.queries.anchors import verify_ledger
from village_credit.store.store import Store, sha256_of

TIMES = 3
KEYS = Keys(*(bytes([number]) * 32 for number in range(4)))
DETAILS = {"county_code": "659900", "household_key": "h" + "a" * 26, "reason": "made up"}


def main() -> int:
    """Measure and print one table; 1 where the ledger does not come out as it was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acts", type=int, default=100_000)
    words = parser.parse_args()
    with TemporaryDirectory() as place:
        folder = Path(place) / "ledger"
        folder.mkdir()
        last = write_acts(folder, words.acts)
        floor = cpu_seconds(lambda: _hashed(folder), TIMES)
        entries = read_ledger(folder)
        read = cpu_seconds(lambda: read_ledger(folder), TIMES)
        tree = cpu_seconds(lambda: root(leaves_of(entries)), TIMES)
        signed = cpu_seconds(lambda: count_signed_acts(entries, KEYS.known_keys()), TIMES)
        store = Store(folder.parent, KEYS)
        whole = cpu_seconds(lambda: verify_ledger(store, []), TIMES)
    print(f"{words.acts:,} acts{'':<22}CPU s  x floor")
    for name, seconds in (
        ("read and hash files (floor)", floor),
        ("read, check the chain", read),
        ("tree", tree),
        ("signatures", signed),
        ("`ledger verify` whole", whole),
    ):
        print(f"  {name:<30}{seconds:>6.2f}{seconds / floor:>9.1f}")
    return 0 if len(entries) == words.acts and entries[-1].previous == last else 1


def write_acts(folder: Path, count: int) -> str:
    """Write a chain of acts; return the hash of the last but one."""
    previous = before = GENESIS
    for number in range(1, count + 1):
        entry = Entry(number, "hold", "2026-11-01T00:00:00+00:00", "1001", "", DETAILS, previous)
        entry = replace(entry, details={**DETAILS, log.SIGNATURE: KEYS.sign_bytes("act", log.signed_bytes(entry))})
        path = folder / f"{number:08d}.json"
        log._create(path, entry)  # noqa: SLF001  # as an act writes it
        before, previous = previous, sha256_of(path.read_bytes())
    return before


def _hashed(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
