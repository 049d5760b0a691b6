"""A policy tried on 200,000 published households, and why their limits change, as ratios to DuckDB joining two tables.

Floor: DuckDB reads the publication's decisions and waterfalls from Parquet, whole, and joins them by household into a
table, in the same process: who wants to compare two policies by hand begins there. Seconds are of this machine at this
moment; the ratios are what to compare. A simulation tries one changed figure, with rules and flips; the difference is
that of a run a month later, under the other policy and with a hundred households held, split among its causes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import date
from pathlib import Path
from unittest.mock import patch

import duckdb
import pyarrow.parquet as pq

from bench.timing import median_seconds
from village_credit.publish.recording import record
from village_credit.services import rules as inputs
from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish
from village_credit.services.queries.diff import diff_with_causes
from village_credit.services.queries.simulate import simulate
from village_credit.services.scoring import stage as score
from village_credit.store import runs
from village_credit.store.keys import load_keys
from village_credit.store.store import Store, open_store
from village_credit.synthetic import synthesize

COUNTY, AS_OF, TIMES = "659900", date(2026, 11, 1), 5
MODELS = Path("models")
BOUND = 4.0  # times the floor
BOUND_WHY = 10.0
LATER, HELD = date(2026, 12, 1), 100
CHANGED = ('name = "stress", value = 0.70', 'name = "stress", value = 0.60')


def main() -> int:
    """Measure and print one table; 1 where a simulation costs more than `BOUND` floors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=200_000)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store, run = _published(folder, words.households)
        policy = folder / "tried.toml"
        policy.write_text(
            (MODELS / "limit_policy.toml").read_text(encoding="utf-8").replace(*CHANGED), encoding="utf-8"
        )
        later = _later(store, folder, policy)
        floor, floor_cpu = median_seconds(lambda: _join(run), TIMES)
        wall, cpu = median_seconds(lambda: simulate(store, COUNTY, policy, AS_OF), TIMES)
        why, why_cpu = median_seconds(lambda: diff_with_causes(store, later), TIMES)
        changed = {row["change"]: row["households"] for row in simulate(store, COUNTY, policy, AS_OF).changes}
        causes = {row["cause"]: row["yuan"] for row in diff_with_causes(store, later)[0].causes}
    print(
        f"synthetic county of {words.households:,} households; changes {changed}; causes {causes}; medians of {TIMES}"
    )
    print(f"  {'':<28}{'seconds':>9}{'× floor':>9}{'CPU s':>9}{'× floor':>9}")
    print(f"  {'read and join two tables':<28}{floor:>9.3f}{1:>9.1f}{floor_cpu:>9.3f}{1:>9.1f}")
    print(f"  {'simulate, whole difference':<28}{wall:>9.3f}{wall / floor:>9.1f}{cpu:>9.3f}{cpu / floor_cpu:>9.1f}")
    print(f"  {'diff, split by cause':<28}{why:>9.3f}{why / floor:>9.1f}{why_cpu:>9.3f}{why_cpu / floor_cpu:>9.1f}")
    holds = wall <= BOUND * floor and why <= BOUND_WHY * floor
    print(f"  bounds: {BOUND} × and {BOUND_WHY} × in seconds: {'hold' if holds else 'BROKEN'}")
    return 0 if holds else 1


def _published(folder: Path, households: int) -> tuple[Store, Path]:
    """Score, sign and publish a synthetic county."""
    synthesize(folder / "inbox", COUNTY, max(1, households // 300), households, 7, AS_OF, "none")
    keys, _ = load_keys(folder / "keys")
    store = open_store(folder / "store", keys)
    run = score.score_inbox(store, folder / "inbox", inputs.Request(COUNTY, AS_OF, "1001", MODELS))
    sign.approve(store, run.run_id, "2002", "bench", runs.failed_gates(store, run.run_id))
    publish.publish(store, run.run_id, "1001")
    return store, store.run_folder(run.run_id)


def _later(store: Store, folder: Path, policy: Path) -> str:
    """Hold some households, and score the same deliveries a month later under another policy."""
    (run_id,) = store.run_ids()
    keys = pq.read_table(store.run_folder(run_id) / "decisions.parquet")["household_key"].to_pylist()
    with patch("village_credit.publish.recording.build_warehouse"):  # nobody looks at the views here
        for key in keys[:: max(1, len(keys) // HELD)]:
            record(store, "hold", "1001", "", {"county_code": COUNTY, "household_key": key, "reason": "bench"})
    request = inputs.Request(COUNTY, LATER, "1001", MODELS, policy_file=policy)
    return score.score_inbox(store, folder / "inbox", request).run_id


def _join(run: Path) -> None:
    paths = {name: str(run / f"{name}.parquet") for name in ("decisions", "waterfall")}
    query = (
        "CREATE TABLE joined AS SELECT * FROM read_parquet($decisions) AS d JOIN "
        "read_parquet($waterfall) AS w USING (household_key)"
    )
    duckdb.connect().execute(query, paths)


if __name__ == "__main__":
    sys.exit(main())
