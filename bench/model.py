"""Scorecards on public credit data, over the same folds: ours, optbinning's, plain WoE, gradient boosting.

And explainable boosting, on fewer repeats; with `--slow` with pairs too, and splines. Then scoring.

`python -m bench.model --data FOLDER` takes any folder of CSVs whose target column is `bad` (1 bad), missing empty.
Intervals are of the mean over folds, widened because folds share training rows (Nadeau and Bengio 2003).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as students
from sklearn.model_selection import RepeatedStratifiedKFold

from bench.model_methods import FIGURES, METHODS, OURS, judge
from bench.model_speed import speed_lines

Peer = tuple[Path, list[str], int]
PEER = Path(".venv-optbinning/bin/python")
ADDITIVE = Path(".venv-additive/bin/python")
OPTBINNING, BOOSTING, EXPLAINABLE = "optbinning", "gradient boosting", "explainable boosting"
# of each its own Python and script, and how many repeats at most
PEERS = {
    OPTBINNING: (PEER, ["bench/model_optbinning.py"], 1_000),
    EXPLAINABLE: (ADDITIVE, ["bench/model_additive.py", "boosting"], 2),
    "explainable, pairs": (ADDITIVE, ["bench/model_additive.py", "pairs"], 1),
    "splines": (ADDITIVE, ["bench/model_additive.py", "splines"], 1),
}
SLOW = {"explainable, pairs", "splines"}  # minutes a fit on larger sets: asked for by name only
LEAST_GAIN, LEAST_BOUND, WORST_SET, MAX_BINS = 0.013, 0.008, -0.005, 8
LARGE, BEHIND_EXPLAINABLE = (2_000, -0.003)  # rows from which ours may lie so much behind explainable boosting
MANY_ROWS, FEWER_REPEATS = (50_000, 2)  # a set of so many rows is folded fewer times: its intervals are narrow anyway


@dataclass(frozen=True)
class Judged:
    """One method on one set: `figures` has a row a fold (AUC, KS, Brier).

    Bins most in a feature and in all, by fold.
    """

    figures: np.ndarray
    most_bins: int
    all_bins: float
    seconds: float


def main() -> int:
    """Print one table; exit 1 where a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=_default_data())
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--slow", action="store_true", help="also the peers that take minutes a fit")
    parser.add_argument("--no-speed", action="store_true", help="leave out the scoring of a million rows")
    words = parser.parse_args()
    faults: list[str] = []
    if words.data is None or not (paths := sorted(words.data.glob("*.csv"))):
        print(" scorecards on public data: absent; give a folder of CSVs (VILLAGE_CREDIT_BENCH_DATA, or --data)")
    else:
        faults += _compare(paths, words.folds, words.repeats, _peers(slow=words.slow))
    if not words.no_speed:
        lines, slow = speed_lines(PEER)
        print("\n".join(lines))
        faults += slow
    for fault in faults:
        print(f"  DOES NOT HOLD: {fault}")
    return 1 if faults else 0


def _default_data() -> Path | None:
    """Find the credit sets of the folder that the environment names."""
    named = os.environ.get("VILLAGE_CREDIT_BENCH_DATA")
    if not named:
        return None
    return next((f for f in (Path(named) / "credit", Path(named)) if list(f.glob("*.csv"))), None)


def _peers(*, slow: bool) -> dict[str, Peer]:
    """Return the peers that are installed."""
    return {
        name: peer
        for name, peer in PEERS.items()
        if (slow or name not in SLOW) and peer[0].exists() and peer[0].parent.parent.joinpath(".installed").exists()
    }


def _compare(paths: list[Path], folds: int, repeats: int, peers: dict[str, Peer]) -> list[str]:
    print(
        f" scorecards on public credit data, {folds} folds, up to {repeats} times; AUC, KS and Brier with "
        f"95% intervals of the mean"
    )
    print(
        f"  "
        f"{'set':<14}{'method':<22}{'AUC':>7}{'± ':>7}{'KS':>8}{'± ':>7}{'Brier':>8}{'± ':>8}{'bins a feature':>16}{'bins':>7}{'s a fit':>9}"
    )
    gains: dict[str, tuple[float, float]] = {}
    faults: list[str] = []
    for path in paths:
        frame = pd.read_csv(path)
        if "bad" not in frame or not set(frame["bad"].dropna().unique()) <= {0, 1}:
            faults.append(f"{path.name} has no target column `bad` of 0 and 1")
            continue
        times = min(repeats, FEWER_REPEATS) if len(frame) > MANY_ROWS else repeats
        judged = _judge_set(path, frame, folds, times, peers)
        for method, one in judged.items():
            print(_line(path.stem, method, one, folds), flush=True)
        if judged[OURS].most_bins > MAX_BINS:
            faults.append(f"{path.stem}: {judged[OURS].most_bins} bins in a feature")
        if OPTBINNING in judged:
            gains[path.stem] = _paired(judged[OURS].figures[:, 0] - judged[OPTBINNING].figures[:, 0], folds)
            price = _paired(judged[BOOSTING].figures[:, 0] - judged[OURS].figures[:, 0], folds)
            print(
                (
                    f"  {path.stem:<14}ours - optbinning     {_signed(*gains[path.stem])}; price of readability "
                    f"(gradient boosting - ours) {_signed(*price)}"
                ),
                flush=True,
            )
            if len(frame) < LARGE and sum(gains[path.stem]) < 0:
                faults.append(f"{path.stem}: ours - optbinning {_signed(*gains[path.stem])} does not reach 0")
        if EXPLAINABLE in judged:
            theirs = judged[EXPLAINABLE].figures[:, 0]
            gain = _paired(judged[OURS].figures[: len(theirs), 0] - theirs, folds)
            print(f"  {path.stem:<14}ours - explainable boosting, on its folds {_signed(*gain)}", flush=True)
            if len(frame) >= LARGE and gain[0] < BEHIND_EXPLAINABLE:
                faults.append(f"{path.stem}: ours - explainable boosting {gain[0]:+.4f}")
    return faults + list(_verdict(gains))


def _verdict(gains: dict[str, tuple[float, float]]) -> Iterator[str]:
    """Print the mean gain over the sets; yield what does not hold."""
    if not gains:
        print("  optbinning: absent (.venv-optbinning is not installed: `make bench-model` installs it)")
        return
    mean = float(np.mean([gain for gain, _ in gains.values()]))
    half = float(np.sqrt(np.sum([half**2 for _, half in gains.values()]))) / len(gains)
    worst = min(gains, key=lambda name: gains[name][0])
    print(
        f"  over {len(gains)} sets: ours - optbinning {_signed(mean, half)}, lower bound "
        f"{mean - half:+.4f}; worst set {worst} {gains[worst][0]:+.4f}"
    )
    if mean < LEAST_GAIN:
        yield f"mean gain {mean:+.4f} is below {LEAST_GAIN:+}"
    if mean - half <= LEAST_BOUND:
        yield f"the lower bound of the mean gain is {mean - half:+.4f}, not above {LEAST_BOUND:+}"
    if gains[worst][0] < WORST_SET:
        yield f"{worst}: {gains[worst][0]:+.4f}"


def _judge_set(path: Path, frame: pd.DataFrame, folds: int, repeats: int, peers: dict[str, Peer]) -> dict[str, Judged]:
    """Judge every method over the same folds, two repeats at a time."""
    is_bad = frame["bad"].to_numpy()
    splitter = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=0)
    fold_of = np.empty((repeats, len(frame)), dtype=np.int8)
    for number, (_, test) in enumerate(splitter.split(np.zeros(len(frame)), is_bad)):
        fold_of[number // folds, test] = number % folds
    with tempfile.TemporaryDirectory() as name:
        np.savez(Path(name) / "folds.npz", fold_of=fold_of)
        tasks = [
            (method, str(path), name, repeat)
            for repeat in range(repeats)
            for method in (*METHODS, *(name for name, (_, _, most) in peers.items() if repeat < most))
        ]
        with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
            found = list(pool.map(_task, tasks))
    return {
        method: Judged(
            np.vstack([one["figures"] for task, one in zip(tasks, found, strict=True) if task[0] == method]),
            max(one["most_bins"] for task, one in zip(tasks, found, strict=True) if task[0] == method),
            float(np.mean([one["all_bins"] for task, one in zip(tasks, found, strict=True) if task[0] == method])),
            float(np.mean([one["seconds"] for task, one in zip(tasks, found, strict=True) if task[0] == method])),
        )
        for method in dict.fromkeys(task[0] for task in tasks)
    }


def _task(task: tuple[str, str, str, int]) -> dict[str, Any]:
    """Judge one method on one repeat's folds; a peer in a process of its own environment."""
    method, path, folder, repeat = task
    if method not in PEERS:
        return judge(method, Path(path), Path(folder) / "folds.npz", repeat)
    python, script, _ = PEERS[method]
    words = [str(python), *script, path, f"{folder}/folds.npz", str(repeat)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)  # noqa: S603  # our own script
    if done.returncode:
        raise RuntimeError(f"{method} on {Path(path).name}: {done.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _paired(differences: np.ndarray, folds: int) -> tuple[float, float]:
    """Return the mean over folds and half its 95% interval, corrected for training rows that folds share."""
    count = len(differences)
    wide = np.sqrt((1 / count + 1 / (folds - 1)) * differences.var(ddof=1))
    return float(differences.mean()), float(students.ppf(0.975, count - 1) * wide)


def _signed(mean: float, half: float) -> str:
    return f"{mean:+.4f} ± {half:.4f}"


def _line(name: str, method: str, one: Judged, folds: int) -> str:
    shown = "".join(
        f"{mean:>{width}.4f}{half:>7.4f}"
        for width, (mean, half) in zip(
            (8, 8, 9), [_paired(one.figures[:, i], folds) for i in range(len(FIGURES))], strict=True
        )
    )
    bins = f"{one.most_bins:>14}{one.all_bins:>9.0f}" if one.most_bins else f"{'':>23}"
    return f"  {name:<14}{method:<22}{shown}{bins}{one.seconds:>9.2f}"


if __name__ == "__main__":
    sys.exit(main())
