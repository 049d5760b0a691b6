"""Counties scored side by side on one machine, and what that says of the machines that a province or the nation needs.

Each county is scored by a process of its own on one thread, as a night does, all into one store: one after another, then
several at once. Of both: wall and CPU seconds, the largest process, what the store grew by. The speed-up gives the share
that does not run side by side (Amdahl): what processes do to each other's caches and memory is in it, not only waiting.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from village_credit.synthetic import synthesize

AS_OF = date(2026, 11, 1)
FIRST_CODE = 659901
MODELS = Path(__file__).parents[1] / "models"
GIB, HOUR = 1 << 30, 3600
PLACES = (("a large county", 200_000), ("a province", 3_000_000), ("the nation", 200_000_000))
NIGHT = 8  # hours
HOUSEHOLDS_A_COUNTY = 70_000  # 200 million in some 2,850 counties
RUNS_KEPT = 12  # of each county, a month apart


@dataclass(frozen=True)
class Scored:
    """Counties scored so many at once: seconds, the largest process and the store's growth in bytes."""

    at_once: int
    wall: float
    cpu: float
    peak: int
    stored: int


def main() -> int:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counties", type=int, default=4)
    parser.add_argument("--households", type=int, default=20_000, help="of each county")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    words = parser.parse_args()
    codes = [str(FIRST_CODE + number) for number in range(words.counties)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed, code in enumerate(codes):
            villages = max(1, words.households // 300)
            synthesize(folder / "inbox", code, villages, words.households, seed, AS_OF, "typical")
        alone, together = (_scored(folder, codes, at_once) for at_once in (1, words.at_once))
    _print_measured(words.households, codes, alone, together)
    _print_places(words.households * words.counties, alone, together)
    return 0


def _scored(folder: Path, codes: list[str], at_once: int) -> Scored:
    """Score all counties into a new store, `at_once` of them side by side."""
    store = folder / f"store{at_once}"
    command = [
        str(Path(sys.executable).with_name("village-credit")),
        "score",
        "--inbox",
        str(folder / "inbox"),
        "--by",
        "bench",
    ]
    command += ["--as-of", AS_OF.isoformat(), "--store", str(store), "--models", str(_models(folder, codes))]
    one_thread = {**os.environ, "VILLAGE_CREDIT_THREADS": "1", "OMP_NUM_THREADS": "1", "VILLAGE_CREDIT_MEMO_MB": "0"}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        done = pool.map(
            lambda code: subprocess.run([*command, "--county", code], env=one_thread, check=True, capture_output=True),  # noqa: S603  # our own
            codes,
        )
        list(done)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    stored = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    return Scored(at_once, wall, cpu, after.ru_maxrss * 1024, stored)


def _models(folder: Path, codes: list[str]) -> Path:
    """Copy the models for a policy that serves these counties."""
    models = folder / "models"
    if not models.is_dir():
        models.mkdir()
        for path in MODELS.iterdir():
            (models / path.name).write_bytes(path.read_bytes())
        policy = models / "limit_policy.toml"
        lines = policy.read_text(encoding="utf-8").splitlines(keepends=True)
        served = f"service_area = [{', '.join(f'{chr(34)}{code}{chr(34)}' for code in codes)}]\n"
        policy.write_text("".join(served if line.startswith("service_area") else line for line in lines), "utf-8")
    return models


def _print_measured(households: int, codes: list[str], *found: Scored) -> None:
    alone, together = found
    speed_up = alone.wall / together.wall
    ways = together.at_once
    serial = max(0.0, (ways / speed_up - 1) / (ways - 1)) if ways > 1 else 0.0  # noise may give less than nothing
    print(f"{len(codes)} synthetic counties of {households:,} households, a process each on one thread")
    print(
        f"  {'at once':>7}{'wall s':>9}{'CPU s':>9}{'ms a household':>16}{'largest GiB':>13}{'stored KiB a household':>24}"
    )
    for one in found:
        all_of_them = households * len(codes)
        print(
            f"  {one.at_once:>7}{one.wall:>9.1f}{one.cpu:>9.1f}{1000 * one.cpu / all_of_them:>16.2f}"
            f"{one.peak / GIB:>13.2f}{one.stored / 1024 / all_of_them:>24.2f}"
        )
    print(f"  speed-up {speed_up:.2f}; not side by side {100 * serial:.0f}%")


def _print_places(households: int, alone: Scored, together: Scored) -> None:
    """Say what larger places need, by the CPU and bytes of a household and by memory of a county."""
    cpu, stored = together.cpu / households, alone.stored / households
    print(f"\nwhat {NIGHT} hours need by that ({HOUSEHOLDS_A_COUNTY:,} households a county, {RUNS_KEPT} runs kept)")
    print(f"  {'place':<16}{'households':>13}{'core hours':>12}{'cores':>7}{'store GiB':>11}")
    for place, count in PLACES:
        hours = cpu * count / HOUR
        cores = max(1, -(-int(hours * 100) // (NIGHT * 100)))
        print(f"  {place:<16}{count:>13,}{hours:>12.1f}{cores:>7,}{RUNS_KEPT * stored * count / GIB:>11,.0f}")


if __name__ == "__main__":
    sys.exit(main())
