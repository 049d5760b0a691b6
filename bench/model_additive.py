"""Other additive models in an environment of their own.

`python bench/model_additive.py METHOD SET.csv folds.npz REPEAT`: explainable boosting with and without pairs, and
splines. At their libraries' defaults, on one core. Prints one JSON object; bins of splines are their basis functions.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from interpret.glassbox import ExplainableBoostingClassifier
from pygam import LogisticGAM, f, s
from pygam.utils import OptimizationError
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve

warnings.filterwarnings("ignore")
PENALTIES = (0.6, 6.0, 60.0, 600.0)
Judged = tuple[np.ndarray, list[int], int]


def boosting(seen: pd.DataFrame, is_bad: np.ndarray, unseen: pd.DataFrame, pairs: str | int) -> Judged:
    """Fit explainable boosting; returns risks, bins by feature, and cells of pairs."""
    model = ExplainableBoostingClassifier(interactions=pairs, n_jobs=1, random_state=0).fit(seen, is_bad)
    cells = [int(np.size(scores)) for scores in model.term_scores_]
    single = [size for size, term in zip(cells, model.term_features_, strict=True) if len(term) == 1]
    return model.predict_proba(unseen)[:, 1], single, sum(cells) - sum(single)


def splines(seen: pd.DataFrame, is_bad: np.ndarray, unseen: pd.DataFrame) -> Judged:
    """Fit one spline a number (the median where it is missing) and one level a category (unseen: the commonest)."""
    given, asked, terms = [], [], None
    for place, name in enumerate(seen):
        is_word = seen[name].dtype.kind not in "if"
        if is_word:
            levels = {word: code for code, word in enumerate(sorted(seen[name].fillna("").unique()))}
            usual = levels[seen[name].fillna("").mode()[0]]
            columns = [one[name].fillna("").map(levels).fillna(usual) for one in (seen, unseen)]
        else:
            columns = [one[name].fillna(seen[name].median()) for one in (seen, unseen)]
        given.append(columns[0].to_numpy(float))
        asked.append(columns[1].to_numpy(float))
        term = f(place) if is_word else s(place)
        terms = term if terms is None else terms + term
    model = _converged(terms, np.column_stack(given), is_bad)
    sizes = [int(term.n_coefs) for term in model.terms if not term.isintercept]
    return model.predict_proba(np.column_stack(asked)), sizes, 0


def _converged(terms: object, given: np.ndarray, is_bad: np.ndarray) -> LogisticGAM:
    """Fit under the library's own penalty; where that diverges, under one ten times as strong, and so on.

    It may diverge without a word: then its risks are no numbers.
    """
    for penalty in PENALTIES:
        try:
            model = LogisticGAM(terms, lam=penalty).fit(given, is_bad)
        except (OptimizationError, np.linalg.LinAlgError):
            continue
        if np.isfinite(model.predict_proba(given)).all():
            return model
    raise SystemExit("splines diverge under every penalty")


METHODS: dict[str, Callable[[pd.DataFrame, np.ndarray, pd.DataFrame], Judged]] = {
    "boosting": lambda *given: boosting(*given, 0),
    "pairs": lambda *given: boosting(*given, "3x"),
    "splines": splines,
}


def judge(method: str, path: str, folds: str, repeat: int) -> dict[str, object]:
    """Fit and judge every fold of a repeat."""
    frame = pd.read_csv(path)
    is_bad = frame.pop("bad").to_numpy()
    fold_of = np.load(folds)["fold_of"][repeat]
    figures, most, every, seconds = [], 0, [], []
    for fold in range(int(fold_of.max()) + 1):
        seen, unseen, labels = frame[fold_of != fold], frame[fold_of == fold], is_bad[fold_of == fold]
        begun = time.perf_counter()
        risk, bins, cells = METHODS[method](seen, is_bad[fold_of != fold], unseen)
        seconds.append(time.perf_counter() - begun)
        false_rate, true_rate, _ = roc_curve(labels, risk)
        figures.append(
            [roc_auc_score(labels, risk), float(np.max(true_rate - false_rate)), brier_score_loss(labels, risk)]
        )
        most = max([most, *bins])
        every.append(sum(bins) + cells)
    return {
        "figures": figures,
        "most_bins": most,
        "all_bins": float(np.mean(every)),
        "seconds": float(np.mean(seconds)),
    }


if __name__ == "__main__":
    print(json.dumps(judge(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))))
