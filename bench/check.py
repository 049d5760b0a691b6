"""`village-credit check` on one table of 100,000 rows, beside a run's own reading and judging of the same file.

Floor: what `score` does with a delivered file (`take_in`). Both in processes of their own, CPU seconds and peak memory,
with about one row in 100 wrong. It exits 1 where the check costs a tenth more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench.intake import measured, write

DEARER = 1.1  # times a run's own reading and judging
TIMES = 3


def main() -> int:
    """Measure and print one table; 1 where a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    words = parser.parse_args()
    faults = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "table"
        write(folder, words.rows)
        print(f"`check` of a synthetic subsidy table, {words.rows:,} rows, about 1% wrong (median of {TIMES})")
        print(f"  {'format':<12}{'a run, CPU s':>14}{'check, CPU s':>14}{'× a run':>9}{'peak MiB':>10}")
        for text, file in (("GB18030 CSV", "csv"), ("xlsx", "xlsx")):
            run = median(measured(sys.executable, f"taken_{file}", folder)["seconds"] for _ in range(TIMES))
            found = [measured(sys.executable, f"check_{file}", folder) for _ in range(TIMES)]
            seconds, peak = median(one["seconds"] for one in found), max(one["peak"] for one in found)
            print(f"  {text:<12}{run:>14.2f}{seconds:>14.2f}{seconds / run:>9.2f}{peak:>10,.0f}")
            faults += (
                [f"{text}: {seconds / run:.2f} times a run's, more than {DEARER:g}"] if seconds > DEARER * run else []
            )
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
