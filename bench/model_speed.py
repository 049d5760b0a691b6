"""Scoring a million rows of twelve features, reasons included, beside optbinning's `score` in the same run."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.score.apply import score_columns
from village_credit.score.scorecard import Scorecard, Training
from village_credit.training.table import FeatureFacts, score_ranges, scored_with
from village_credit.training.train import History, fit

ROWS, FEATURES, TRAIN_ROWS, TIMES, REASONS = 1_000_000, 12, 20_000, 7, 4
LEAST_RATIO = 10.0


def speed_lines(peer: Path) -> tuple[list[str], list[str]]:
    """Return lines to print, and what does not hold."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "rows.parquet"
        frame = _rows()
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
        card, columns = _card(frame)
        ours = []
        for _ in range(TIMES):
            begun = time.perf_counter()
            score_columns(columns, card).ranking(REASONS)
            ours.append(time.perf_counter() - begun)
        lines = [
            f" scoring {ROWS:,} synthetic rows x {len(columns)} features and {len(card.pairs)} pair(s), median of {TIMES}",
            f"  ours, with the {REASONS} features that lose most points{'':<6}{median(ours):>8.3f} s",
        ]
        if not peer.exists():
            return [*lines, "  optbinning: absent (.venv-optbinning is not installed)"], []
        words = [str(peer), "bench/model_optbinning.py", "speed", str(path), str(TRAIN_ROWS), str(TIMES)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603  # our own script
        theirs = median(json.loads(done.stdout.splitlines()[-1])["seconds"])
    ratio = theirs / median(ours)
    lines.append(f"  optbinning's score, no reasons{'':<20}{theirs:>8.3f} s   {ratio:.1f} times ours")
    if not card.pairs:
        return lines, ["the synthetic rows gave no pair to score with"]
    return lines, [] if ratio >= LEAST_RATIO else [
        f"scoring is {ratio:.1f} times faster than optbinning's, not {LEAST_RATIO:g}"
    ]


def _rows() -> pd.DataFrame:
    chance = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            f"f{place:02d}": np.where(chance.random(ROWS) < 0.05, np.nan, chance.gamma(2.0, 1.0, ROWS))
            for place in range(FEATURES)
        }
    )
    odds = -3 + sum((frame[name].fillna(1.0).clip(0, 4) - 2) * (0.1 + 0.03 * place) for place, name in enumerate(frame))
    odds += 1.2 * ((frame["f00"] > 1.5) != (frame["f01"] > 1.5)) - 0.6  # what only a pair can say
    return frame.assign(bad=(chance.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(np.int64))


def _card(frame: pd.DataFrame) -> tuple[Scorecard, list[pa.Array]]:
    names = [str(name) for name in frame if name != "bad"]
    part = frame[:TRAIN_ROWS]
    facts = [FeatureFacts(name, "unit", ("none",), name, name, "free") for name in names]
    history = History(
        part[names].to_numpy(),
        part["bad"].to_numpy() == 1,
        np.full(len(part), "v"),
        np.zeros(len(part), np.int64),
        ["2025-01-01"],
        {},
        [],
    )
    model = fit(history, facts)
    training = Training(
        is_synthetic=True,
        windows=[],
        rows=len(part),
        bads=int(part["bad"].sum()),
        outcomes={},
        default_definition="drawn",
        horizon_months=12,
        method="bench",
        figures={},
        score_ranges=score_ranges(model.score_points(history.values).astype(float)),
        input_hashes=[],
    )
    card = Scorecard(
        model_id="speed",
        note="",
        **scored_with(model, facts),
        training=training,
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 1, 2),
        impact_assessment="none",
    )
    return card, [pa.array(frame[feature.name].to_numpy()) for feature in card.features]
