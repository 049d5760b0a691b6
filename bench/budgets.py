"""Two million steps under village, township and county caps: CPU seconds, as ratios to sorting the same households.

Floor: DuckDB sorts the same households by value and contractor code into a table, in the same process: no allocation
can do without that order. Seconds are of this machine at this moment; the ratios are what to compare.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from bench.timing import cpu_seconds
from village_credit.decide.budgets import allocate
from village_credit.policy.model import Figure, PolicyInForce, load_policy

AS_OF, COUNTY, STEP, TIMES = date(2026, 11, 1), "659900", 1_000, 5
VILLAGE_HOUSEHOLDS, TOWNSHIP_VILLAGES = 100, 20
BOUND = 10.0  # seconds; it takes well under one


def main() -> int:
    """Measure and print one table; 1 where an allocation takes longer than `BOUND` or leaves a budget unspent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=40_000)
    parser.add_argument("--steps", type=int, default=50, help="steps that each household asks for")
    words = parser.parse_args()
    granted = county(words.households, words.steps)
    whole = words.households * words.steps * STEP
    floor = cpu_seconds(lambda: _sorted(granted), TIMES)
    print(
        f"{words.households:,} households, {words.households * words.steps:,} steps; floor {floor:.3f} "
        f"CPU s (median of {TIMES})"
    )
    print(f"  {'rule':<24}{'CPU s':>9}{'× floor':>9}{'given out':>12}")
    faults = []
    for rule in ("value", "pro_rata"):
        policy = capped(rule, whole, words.households)
        seconds = cpu_seconds(lambda policy=policy: allocate(granted, policy), TIMES)  # type: ignore[misc]
        given = int(allocate(granted, policy).column("amount").to_numpy().sum())
        print(f"  {rule:<24}{seconds:>9.3f}{seconds / floor:>9.1f}{given / whole:>11.1%}")
        faults += [f"{rule} takes {seconds:.1f} s, more than {BOUND:g}"] if seconds > BOUND else []
        faults += [f"{rule} leaves budget unspent"] if given < whole // 2 // STEP * STEP else []
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


def county(households: int, steps: int) -> pa.Table:
    """Return households in villages of about 100 and townships of 20 villages, with probabilities from 0.1% to 15%."""
    chance = np.random.default_rng(5)
    villages = max(1, households // VILLAGE_HOUSEHOLDS)
    village = chance.integers(0, villages, households).tolist()
    township = [f"{COUNTY}{number // TOWNSHIP_VILLAGES + 1:03d}" for number in village]
    return pa.table(
        {
            "unit_code": [f"u{number:06d}" for number in chance.permutation(households)],
            "product": ["farmer_line"] * households,
            "township_code": township,
            "village_code": [
                f"{code}{number % TOWNSHIP_VILLAGES + 201}" for code, number in zip(township, village, strict=True)
            ],
            "ppm": pa.array(chance.integers(1_000, 150_000, households), pa.int64()),
            "policy_limit": pa.array(np.full(households, steps * STEP), pa.int64()),
        }
    )


def capped(rule: str, whole: int, households: int) -> PolicyInForce:
    """Return the shipped policy with half of what is asked for the county.

    Villages and townships bind here and there.
    """
    villages = max(1, households // VILLAGE_HOUSEHOLDS)
    townships = -(-villages // TOWNSHIP_VILLAGES)
    caps = {"village": 3 * whole // (4 * villages), "township": 11 * whole // (20 * townships), "county": whole // 2}
    policy = load_policy(Path("models/limit_policy.toml").read_text(encoding="utf-8"))
    budgets = [_budget(level, cap) for level, cap in caps.items()]
    update = {"figures": [*policy.figures, *budgets], "budget_rule": rule}
    return policy.model_copy(update=update).in_force(AS_OF, COUNTY)


def _budget(level: str, cap: int) -> Figure:
    return Figure.model_validate(
        {
            "name": f"budget_{level}",
            "value": Decimal(cap),
            "unit": "yuan",
            "from": date(2024, 1, 1),
            "reference": "bench",
            "verified": False,
        }
    )


def _sorted(granted: pa.Table) -> None:
    connection = duckdb.connect()
    connection.register("granted", granted)
    connection.execute("CREATE TABLE turn AS SELECT * FROM granted ORDER BY ppm, unit_code")


if __name__ == "__main__":
    sys.exit(main())
