"""The region's page over a hundred counties, as a ratio to reading their statistics.

Floor: the analysts' view `statistics`, whole, into an Arrow table, in the same process, on a connection of its own: who
wants a page over counties begins there. The counties are made of one that was scored, as in `bench.publish`; three of
them are signed and wait to be published. Seconds are of this machine at this moment; the ratio is what to compare.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from unittest import mock

from bench.publish import BY, staged, without_packages
from bench.timing import median_seconds
from village_credit import duckdb_session
from village_credit.china_calendar import today
from village_credit.publish import recording
from village_credit.publish.warehouse import build_warehouse
from village_credit.services.approval import publish
from village_credit.services.queries.place import page_of_place
from village_credit.store.keys import load_keys
from village_credit.store.store import Store, open_store

REGION, WAITING, TIMES = "65", 3, 5
BOUND = 2.0  # times the floor


def main() -> int:
    """Measure and print one table; 1 where the page costs more than `BOUND` floors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counties", type=int, default=100)
    parser.add_argument("--households", type=int, default=1_000, help="of each county")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        store = _in_force(Path(name), words.households, words.counties)
        floor, floor_cpu = median_seconds(lambda: _statistics(store), TIMES)
        wall, cpu = median_seconds(lambda: page_of_place(store, REGION, today()), TIMES)
        size = len(page_of_place(store, REGION, today()).encode())
    print(f"{words.counties} synthetic counties of {words.households:,} households; medians of {TIMES}")
    print(f"  {'':<28}{'seconds':>9}{'× floor':>9}{'CPU s':>9}{'× floor':>9}")
    print(f"  {'read the view statistics':<28}{floor:>9.3f}{1:>9.2f}{floor_cpu:>9.3f}{1:>9.2f}")
    print(f"  {'the page of the region':<28}{wall:>9.3f}{wall / floor:>9.2f}{cpu:>9.3f}{cpu / floor_cpu:>9.2f}")
    print(
        f"  the page has {size:,} bytes; bound: {BOUND} × in CPU seconds: {'holds' if cpu <= BOUND * floor_cpu else 'BROKEN'}"
    )
    return 0 if cpu <= BOUND * floor_cpu else 1


def _in_force(folder: Path, households: int, counties: int) -> Store:
    """Put counties in force, all but a few."""
    store = open_store(folder / "store", load_keys(folder / "keys")[0])
    made = staged(store, folder / "inbox", households, counties)
    with without_packages(), mock.patch.object(recording, "build_warehouse"):  # the last act's views are all of them
        for run_id in made[:-WAITING]:
            publish.publish(store, run_id, BY)
    build_warehouse(store)
    return store


def _statistics(store: Store) -> None:
    with duckdb_session.connect(str(store.warehouse), read_only=True) as connection:
        connection.sql("FROM statistics").to_arrow_table()


if __name__ == "__main__":
    sys.exit(main())
