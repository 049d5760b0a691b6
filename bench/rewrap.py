"""A vault of a million synthetic persons sealed, and wrapped with a new key: CPU seconds, as ratios to sealing it.

Sealing is counted at its least: the table is Parquet already, and is encrypted, written and synced. Beside it stands
what a whole file written anew would cost, which does not even encrypt. Seconds are of this machine at this moment; the
ratios are what to compare. The key is rotated anew for each lap, and every lap's file is opened with its key alone.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from bench.timing import cpu_seconds
from village_credit.pseudonyms import Keys
from village_credit.store.keys import new_secret
from village_credit.store.rotation import rewrap_files
from village_credit.store.runs import parquet_bytes
from village_credit.store.store import IDENTITIES, Store, open_store
from village_credit.store.whole_files import write_whole

TIMES = 5
MOST_SHARE = 0.01  # of sealing
RUN = "r" + "0" * 24
LETTERS, DIGITS = b"abcdefghijklmnopqrstuvwxyz234567", b"0123456789"


def main() -> int:
    """Measure and print one table; 1 where wrapping anew costs more than its share, or the vault reads otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=1_000_000)
    words = parser.parse_args()
    table = synthetic_identities(words.persons)
    plain = parquet_bytes(table)
    with TemporaryDirectory() as place:
        laps = _Laps(open_store(Path(place), Keys(new_secret(), new_secret(), new_secret(), new_secret())))
        sealing = cpu_seconds(lambda: laps.store.seal_part(RUN, IDENTITIES, plain), TIMES)
        found = {
            "as Parquet": cpu_seconds(lambda: parquet_bytes(table), TIMES),
            "sealed (the measure)": sealing,
            "copied whole": cpu_seconds(laps.copy, TIMES),
            "wrapped with a new key": cpu_seconds(laps.rewrap, TIMES),
        }
        is_whole = laps.store.open_identities(RUN) == plain
    print(f"{words.persons:,} persons, {len(plain):,} bytes{'':<8}CPU s  share of sealing")
    for name, seconds in found.items():
        print(f"  {name:<28}{seconds:>10.4f}{seconds / sealing:>12.2%}")
    return 0 if is_whole and found["wrapped with a new key"] <= MOST_SHARE * sealing else 1


class _Laps:
    """A vault whose key is another after each lap."""

    def __init__(self, store: Store) -> None:
        """Begin with a store's keys."""
        self.store = store

    def rewrap(self) -> None:
        """Wrap the vault with a new key, and forget the former."""
        keys = self.store.keys
        self.store = replace(self.store, source=replace(keys, vault=new_secret(), former_vault=keys.vault))
        rewrap_files(self.store)
        self.store = replace(self.store, source=replace(self.store.keys, former_vault=b""))

    def copy(self) -> None:
        """Write the file anew as it is."""
        path = self.store.root / "vault" / f"{RUN}.sealed"
        write_whole(path, path.read_bytes(), mode=0o600)


def synthetic_identities(count: int) -> pa.Table:
    """Return a vault's table of persons that do not exist, each text as long and as varied as a county's."""
    drawn = np.random.default_rng(7)
    hashes = pa.ListArray.from_arrays(pa.array(np.arange(count + 1, dtype=np.int32)), _texts(drawn, count, 27, LETTERS))
    columns = {
        "household_key": _texts(drawn, count, 27, LETTERS),
        "unit_code": _texts(drawn, count, 18, DIGITS),
        "member_no": pa.array(np.ones(count, dtype=np.int64)),
        "relation": pa.array(["head"] * count),
        "name": _texts(drawn, count, 9, LETTERS),  # three characters are nine bytes
        "person_id": _texts(drawn, count, 18, DIGITS),
        "phone": _texts(drawn, count, 11, DIGITS),
        "address": pa.array(["x" * 24] * count),
        "number_hashes": hashes,
    }
    return pa.table(columns)


def _texts(drawn: np.random.Generator, count: int, length: int, marks: bytes) -> pa.Array:
    """Draw texts of one length."""
    every = np.frombuffer(marks, dtype=np.uint8)[drawn.integers(0, len(marks), count * length, dtype=np.uint8)]
    ends = np.arange(count + 1, dtype=np.int32) * length
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(ends), pa.py_buffer(every)])


if __name__ == "__main__":
    sys.exit(main())
