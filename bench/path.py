"""The whole path on a synthetic county: CPU seconds by stage, as ratios to DuckDB reading and writing the same rows.

Floor: DuckDB reads the same delivered rows as plain UTF-8 CSV (written outside the timing) and writes them as
Parquet, in the same process. Seconds are of this machine at this moment; the ratios are what to compare.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.csv as pa_csv

from village_credit.extract.grid import Extract
from village_credit.extract.inbox import pull
from village_credit.extract.read import read_files
from village_credit.services import rules as inputs
from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish
from village_credit.services.scoring import stage as score
from village_credit.store import runs
from village_credit.store.keys import load_keys
from village_credit.store.store import open_store
from village_credit.synthetic import synthesize

COUNTY, AS_OF = "659900", date(2026, 11, 1)


def main() -> int:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=20_000)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = _timed(
            lambda: synthesize(
                folder / "inbox", COUNTY, max(1, words.households // 300), words.households, 7, AS_OF, "typical"
            )
        )
        floor, rows = _floor(folder)
        laps = _path(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"synthetic county of {words.households:,} households, {rows:,} delivered rows; floor {floor:.2f} "
        f"CPU s ({1e6 * floor / rows:.2f} µs a row)"
    )
    print(f"  {'stage':<24}{'CPU s':>9}{'× floor':>9}")
    for stage, seconds in (*laps.items(), ("whole path", sum(laps.values()))):
        print(f"  {stage:<24}{seconds:>9.2f}{seconds / floor:>9.1f}")
    print(f"  {'(synthesize)':<24}{made:>9.2f}{made / floor:>9.1f}")
    print(f"  peak memory {peak:,.0f} MiB (the generator included)")
    return 0


def _timed(act: object) -> float:
    begun = time.process_time()
    act()  # type: ignore[operator]
    return time.process_time() - begun


def _floor(folder: Path) -> tuple[float, int]:
    """Write the delivered rows as plain CSV, then time DuckDB alone on them."""
    rows = 0
    for number, table in enumerate(t for t in read_files(pull(folder / "inbox", COUNTY)) if isinstance(t, Extract)):
        pa_csv.write_csv(table.rows, folder / f"plain_{number}.csv")
        rows += table.rows.num_rows
    connection = duckdb.connect()
    paths = sorted(folder.glob("plain_*.csv"))
    begun = time.process_time()
    for path in paths:
        connection.execute(
            f"COPY (SELECT * FROM read_csv('{path}', header = true, all_varchar = true, delim = ',', quote = "
            f"'\"')) TO '{path}.parquet' (FORMAT parquet)"
        )
    return time.process_time() - begun, rows


def _path(folder: Path) -> dict[str, float]:
    """Score, sign, publish and pack; CPU seconds by stage."""
    laps: dict[str, float] = {}
    last = time.process_time()

    def lap(stage: str, _seconds: float = 0.0) -> None:
        nonlocal last
        now = time.process_time()
        laps[stage], last = now - last, now

    store = open_store(folder / "store", load_keys(folder / "keys")[0])
    run = score.score_inbox(store, folder / "inbox", inputs.Request(COUNTY, AS_OF, "1001", Path("models")), lap)
    sign.approve(store, run.run_id, "2002", "bench", runs.failed_gates(store, run.run_id))
    publish.publish(store, run.run_id, "1001")
    lap("sign, publish, pack")
    return laps


if __name__ == "__main__":
    sys.exit(main())
