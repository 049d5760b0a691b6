"""The whole path of this checkout beside that of another commit, in turns on the same machine: A B A B.

Each turn is the commit's own `bench.path` in a process of its own, so that each is measured by its own words; what is
compared is CPU seconds of the whole path and of its stages, as the median of the turns with their least and most, and
the peak of memory. The other commit is checked out into a folder that goes away, and runs on this interpreter and the
libraries of today. The synthetic county is each commit's own; rows and floor are printed, to tell whether it is one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
_ROWS = re.compile(r"([0-9,]+) delivered rows; floor ([0-9.]+) CPU s")
_STAGE = re.compile(r"^  (\S.*?)\s+([0-9.]+)\s+([0-9.]+)$", re.MULTILINE)
_PEAK = re.compile(r"peak memory ([0-9,]+) MiB")
WHOLE = "whole path"
Turn = dict[str, float]


def main() -> int:
    """Measure and print one table; 1 where the whole path costs more than `--most` times the other's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--households", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--most", type=float, default=1.0, help="the share of the other's CPU that is allowed")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        other = Path(name) / "other"
        _git("worktree", "add", "--quiet", "--detach", str(other), words.commit)
        try:
            turns = [(_turn(ROOT, words.households), _turn(other, words.households)) for _ in range(words.turns)]
        finally:
            _git("worktree", "remove", "--force", str(other))
    ours, theirs = ([turn[at] for turn in turns] for at in (0, 1))
    share = _print(words, ours, theirs)
    _keep(words, ours, theirs, share)
    return 0 if share <= words.most else 1


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603, S607  # ours


def _turn(checkout: Path, households: int) -> Turn:
    """Run a checkout's own measurement; CPU seconds by stage, rows, floor, and the peak of memory in MiB."""
    known = os.environ | {"PYTHONPATH": f"{checkout / 'src'}{os.pathsep}{checkout}", "VILLAGE_CREDIT_MEMO_MB": "0"}
    done = subprocess.run(  # noqa: S603  # ours
        [sys.executable, "-m", "bench.path", "--households", str(households)],
        cwd=checkout,
        env=known,
        capture_output=True,
        text=True,
        check=False,
    )
    rows = _ROWS.search(done.stdout)
    if done.returncode or rows is None:
        raise SystemExit(f"{checkout.name}: bench.path ended with {done.returncode}: {done.stderr[-2000:]}")
    peak = _PEAK.search(done.stdout)
    return {
        **{stage: float(seconds) for stage, seconds, _ in _STAGE.findall(done.stdout)},
        "rows": float(rows.group(1).replace(",", "")),
        "floor": float(rows.group(2)),
        "peak": float(peak.group(1).replace(",", "")) if peak else 0.0,
    }


def _print(words: argparse.Namespace, ours: list[Turn], theirs: list[Turn]) -> float:
    """Print both side by side; return the share of the whole path."""
    rows = {int(turn["rows"]) for turn in (*ours, *theirs)}
    print(
        f"{words.households:,} households, delivered rows {' and '.join(f'{count:,}' for count in sorted(rows))}, {words.turns} turns each"
    )
    print(f"  {'CPU s, median (least to most)':<30}{'this checkout':>24}{words.commit[:12]:>24}{'share':>9}")
    names = [name for name in ours[0] if name in theirs[0] and name != "rows"]
    for name in names:
        a, b = _middle(ours, name), _middle(theirs, name)
        print(f"  {name:<30}{_spread(ours, name):>24}{_spread(theirs, name):>24}{a / b if b else 0:>9.2f}")
    print(f"  {'whole path in floors':<30}{_floors(ours):>24.1f}{_floors(theirs):>24.1f}")
    return _middle(ours, WHOLE) / _middle(theirs, WHOLE)


def _middle(turns: list[Turn], name: str) -> float:
    return statistics.median(turn[name] for turn in turns)


def _spread(turns: list[Turn], name: str) -> str:
    found = [turn[name] for turn in turns]
    return f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"


def _floors(turns: list[Turn]) -> float:
    return statistics.median(turn[WHOLE] / turn["floor"] for turn in turns)


def _keep(words: argparse.Namespace, ours: list[Turn], theirs: list[Turn], share: float) -> None:
    """Keep what was measured, and under which conditions; not in the repository, whose figures stand in the README."""
    RESULTS.mkdir(exist_ok=True)
    conditions = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    told = {"this": _git("rev-parse", "HEAD"), "other": words.commit, "households": words.households, "share": share}
    path = RESULTS / f"against-{words.commit[:12]}-{words.households}.json"
    path.write_text(json.dumps({**told, **conditions, "ours": ours, "theirs": theirs}, indent=1), encoding="utf-8")
    print(f"  kept in {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
