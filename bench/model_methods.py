"""One method, one repeat of folds on one set: figures by fold, bins, and seconds a fit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from threadpoolctl import threadpool_limits

from village_credit.training.estimator import ScorecardClassifier
from village_credit.training.fine import make_fine
from village_credit.training.metrics import auc, brier, ks
from village_credit.training.woe import find_evidence, fit_woe

OURS = "ours"
METHODS = (OURS, "plain WoE + LR", "gradient boosting")
FIGURES = ("auc", "ks", "brier")

Judged = tuple[np.ndarray, list[int], int]  # risks, bins by feature, and cells of pairs


def judge(method: str, path: Path, folds: Path, repeat: int) -> dict[str, Any]:
    """Fit and judge every fold of a repeat, on one core: as many processes as cores run at once."""
    with threadpool_limits(1):
        return _judge(method, path, folds, repeat)


def _judge(method: str, path: Path, folds: Path, repeat: int) -> dict[str, Any]:
    frame = pd.read_csv(path)
    is_bad = frame.pop("bad").to_numpy().astype(bool)
    fold_of = np.load(folds)["fold_of"][repeat]
    figures, most, every, seconds = [], 0, [], []
    for fold in range(int(fold_of.max()) + 1):
        seen, unseen = frame[fold_of != fold], frame[fold_of == fold]
        begun = time.perf_counter()
        risk, bins, cells = FITS[method](seen, is_bad[fold_of != fold], unseen)
        seconds.append(time.perf_counter() - begun)
        labels = is_bad[fold_of == fold]
        figures.append([auc(labels, risk), ks(labels, risk), brier(labels, risk)])
        most = max([most, *bins])
        every.append(sum(bins) + cells)
    return {
        "figures": figures,
        "most_bins": most,
        "all_bins": float(np.mean(every)),
        "seconds": float(np.mean(seconds)),
    }


def _ours(seen: pd.DataFrame, is_bad: np.ndarray, unseen: pd.DataFrame) -> Judged:
    model = ScorecardClassifier().fit(seen, is_bad)
    cells = sum(int(pair.points.size) for pair in model.pairs_)
    return model.predict_proba(unseen)[:, 1], [table.bins_in_use for table in model.table_], cells


def _plain(seen: pd.DataFrame, is_bad: np.ndarray, unseen: pd.DataFrame) -> Judged:
    """Bin, weigh the evidence, and regress once: no bags, no shrunk steps, no trees."""
    weight, bad = np.ones(len(seen)), is_bad.astype(float)
    is_word = [seen[name].dtype.kind not in "if" for name in seen]
    given = [
        seen[name].astype(object).to_numpy() if word else seen[name].to_numpy(float)
        for name, word in zip(seen, is_word, strict=True)
    ]
    asked = [
        unseen[name].astype(object).to_numpy() if word else unseen[name].to_numpy(float)
        for name, word in zip(unseen, is_word, strict=True)
    ]
    features = [
        make_fine(str(name), column, weight, is_category=word)
        for name, column, word in zip(seen, given, is_word, strict=True)
    ]
    codes = np.column_stack([f.codes(column) for f, column in zip(features, given, strict=True)])
    steps = fit_woe(codes, bad, weight, features, [0] * len(features))
    found = [find_evidence(f, codes[:, place], bad, weight, 0) for place, f in enumerate(features)]
    odds = steps.score(np.column_stack([f.codes(column) for f, column in zip(features, asked, strict=True)]))
    return 1 / (1 + np.exp(-odds)), [int(((one.goods + one.bads) > 0).sum()) for one in found], 0


def _boosting(seen: pd.DataFrame, is_bad: np.ndarray, unseen: pd.DataFrame) -> Judged:
    words = [name for name in seen if seen[name].dtype.kind not in "if"]
    encoder = make_column_transformer(
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan), words),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    trees = HistGradientBoostingClassifier(
        random_state=0, categorical_features=[name in words for name in (*words, *(n for n in seen if n not in words))]
    )
    model = make_pipeline(encoder, trees).fit(seen, is_bad)
    return model.predict_proba(unseen)[:, 1], [], 0


FITS = {OURS: _ours, "plain WoE + LR": _plain, "gradient boosting": _boosting}
