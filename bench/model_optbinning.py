"""optbinning in its own environment.

`python bench/model_optbinning.py SET.csv folds.npz REPEAT`, or `… speed ROWS.parquet`.

At its defaults: optimal binning of every feature, weight of evidence, logistic regression. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from optbinning import BinningProcess, Scorecard
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve

warnings.filterwarnings("ignore")


def scorecard(frame: pd.DataFrame, **words: object) -> Scorecard:
    """Return an unfitted scorecard at the library's defaults."""
    categorical = [name for name in frame if frame[name].dtype.kind not in "if"]
    process = BinningProcess(list(frame.columns), categorical_variables=categorical)
    return Scorecard(process, LogisticRegression(max_iter=1000), **words)


def judge(path: str, folds: str, repeat: int) -> dict[str, object]:
    """Fit and judge every fold of a repeat."""
    frame = pd.read_csv(path)
    is_bad = frame.pop("bad").to_numpy()
    fold_of = np.load(folds)["fold_of"][repeat]
    figures, bins, seconds = [], [], []
    for fold in range(int(fold_of.max()) + 1):
        seen, unseen = frame[fold_of != fold], frame[fold_of == fold]
        begun = time.perf_counter()
        card = scorecard(seen).fit(seen, is_bad[fold_of != fold])
        risk, labels = card.predict_proba(unseen)[:, 1], is_bad[fold_of == fold]
        seconds.append(time.perf_counter() - begun)
        false_rate, true_rate, _ = roc_curve(labels, risk)
        figures.append(
            [roc_auc_score(labels, risk), float(np.max(true_rate - false_rate)), brier_score_loss(labels, risk)]
        )
        table = card.table(style="detailed")
        held = table[table["Count"] > 0].groupby("Variable").size()
        bins.append([int(held.max()), int(held.sum())])
    return {
        "figures": figures,
        "most_bins": max(b[0] for b in bins),
        "all_bins": float(np.mean([b[1] for b in bins])),
        "seconds": float(np.mean(seconds)),
    }


def speed(path: str, train_rows: int, times: int) -> dict[str, object]:
    """Fit on the first rows and score them all, several times."""
    frame = pd.read_parquet(path)
    is_bad = frame.pop("bad").to_numpy()
    points = {"pdo": 20, "odds": 20, "scorecard_points": 600}
    card = scorecard(frame, scaling_method="pdo_odds", scaling_method_params=points)
    card.fit(frame[:train_rows], is_bad[:train_rows])
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        card.score(frame)
        seconds.append(time.perf_counter() - begun)
    return {"seconds": seconds}


if __name__ == "__main__":
    if sys.argv[1] == "speed":
        print(json.dumps(speed(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    else:
        print(json.dumps(judge(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
