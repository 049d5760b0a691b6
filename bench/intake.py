"""Reading and validating one large table: rows per second by stage, against DuckDB, pandas and frictionless.

The table: synthetic subsidy payments, about 1 row in 100 wrong in one of five ways, as GB18030 CSV and as xlsx.
Floor: DuckDB reads the same rows as plain UTF-8 CSV (written outside the timing) and writes them as Parquet.
Every case runs in a process of its own, so that its peak memory is its own; CPU seconds, ratios in one run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

BUDGET = 8.0  # floor rows a row: reading and validating GB18030 CSV
WORKBOOK_BUDGET = 1.3  # times what pandas takes to read the same xlsx, and judge nothing
PEERS = Path(".venv-bench/bin/python")
OURS = (("ours, GB18030 CSV", "csv"), ("ours, xlsx", "xlsx"))


def main() -> int:
    """Measure and print one table; exit 1 where the budget does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-rows", type=int, default=100_000, help="rows given to the slow peers")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        whole, part = Path(name) / "whole", Path(name) / "part"
        for folder, rows in ((whole, words.rows), (part, min(words.rows, words.peer_rows))):
            write(folder, rows)
        floor = measured(sys.executable, "floor", whole)
        print(
            f"synthetic subsidy table, {words.rows:,} rows, about 1% wrong; floor "
            f"{1e6 * floor['floor'] / words.rows:.2f} µs CPU a row"
        )
        print(f"  {'case':<34}{'rows':>10}{'CPU s':>9}{'rows/s':>12}{'× floor':>9}{'peak MiB':>10}")
        print(_line("floor: DuckDB, CSV to Parquet", words.rows, floor["floor"], floor, floor["floor"] / words.rows))
        ratios = _print_ours(whole, words.rows, floor["floor"] / words.rows)
        for text in _peer_lines(whole, part, words, floor["floor"] / words.rows):
            print(text)
        workbook = ratios["xlsx"] * floor["floor"] / measured(sys.executable, "pandas_calamine", whole)["read"]
    holds = [
        _said("read + validate GB18030 CSV in floor rows a row", ratios["csv"], BUDGET),
        _said("read + validate xlsx beside pandas reading it (calamine)", workbook, WORKBOOK_BUDGET),
    ]
    return 0 if all(holds) else 1


def _said(what: str, found: float, most: float) -> bool:
    print(f"  budget: {what} at most {most:g}: {found:.2f}, {'holds' if found <= most else 'DOES NOT HOLD'}")
    return found <= most


def write(folder: Path, rows: int) -> None:
    """Write the files in a process of its own: a child begins with its parent's peak."""
    subprocess.run([sys.executable, "bench/intake_files.py", str(folder), str(rows)], check=True)  # noqa: S603  # ours


def measured(python: str | Path, case: str, folder: Path) -> dict[str, float]:
    """Run one case in its own process; CPU seconds by stage, and `peak` in MiB."""
    module = "bench/intake_peers.py" if python == PEERS else "bench/intake_cases.py"
    done = subprocess.run(  # noqa: S603  # our own scripts
        [str(python), module, case, str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{case}: {done.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _print_ours(whole: Path, rows: int, floor: float) -> dict[str, float]:
    """Print our stages; give reading and validating each file in floor rows a row."""
    ratios = {}
    for text, case in OURS:
        found = measured(sys.executable, case, whole)
        stages = {name: found[name] for name in ("read", "normalise", "judge")}
        for name, seconds in stages.items():
            print(_line(f"{text}: {name}", rows, seconds, None, floor))
        print(_line(f"{text}: all", rows, sum(stages.values()), found, floor))
        print(
            f"  {'':<34}{int(found['accepted']):,} accepted, {int(found['quarantined']):,} quarantined with a "
            f"reason each"
        )
        ratios[case] = sum(stages.values()) / rows / floor
    return ratios


def _peer_lines(whole: Path, part: Path, words: argparse.Namespace, floor: float) -> Iterator[str]:
    """Measure others' reading of the same files; frictionless validates by types, patterns and ranges."""
    rows, fewer = words.rows, min(words.rows, words.peer_rows)
    for text, case, folder, count in (
        ("pandas, GB18030 CSV: read text", "pandas_csv", whole, rows),
        ("pandas (calamine), xlsx: read", "pandas_calamine", whole, rows),
        ("pandas (openpyxl), xlsx: read", "pandas_openpyxl", part, fewer),
    ):
        found = measured(sys.executable, case, folder)
        yield _line(text, count, found["read"], found, floor)
    if not PEERS.exists():
        yield f"  frictionless: absent ({PEERS.parent.parent} is not installed: `make bench` installs it)"
        return
    for text, case in (("frictionless, GB18030 CSV: validate", "csv"), ("frictionless, xlsx: validate", "xlsx")):
        found = measured(PEERS, case, part)
        yield _line(text, fewer, found["validate"], found, floor)
        yield f"  {'':<34}{int(found['errors']):,} errors in {int(found['rows']):,} rows"


def _line(text: str, rows: int, seconds: float, found: dict[str, float] | None, floor: float) -> str:
    peak = f"{found['peak']:>10,.0f}" if found else ""
    return f"  {text:<34}{rows:>10,}{seconds:>9.2f}{rows / seconds:>12,.0f}{seconds / rows / floor:>9.1f}{peak}"


if __name__ == "__main__":
    sys.exit(main())
