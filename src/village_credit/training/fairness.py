"""Groups side by side: approval, default, limit, what a feature tells of a group, what would treat groups more alike.

A group's name is never a feature. Name shape comes in as an array that nobody keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from village_credit.score.statistics import FOUR_FIFTHS, LEAST_GROUP, Bools, Floats, share_interval
from village_credit.training.fine import make_fine, summed
from village_credit.training.metrics import auc, village_interval
from village_credit.training.table import FeatureFacts
from village_credit.training.train import History, fit

Row = dict[str, Any]
PROXY_WARNED, PROXY_REFUSED = (0.65, 0.80)  # how well a feature alone may foretell a name's shape; AUC, 0.5 nothing
CHEAP_LOSS, WORTH_GAIN = 0.005, 0.01  # of AUC given up, and of the worst approval ratio gained
PROXY_FOLDS = 3


def group_rows(
    attribute: str, groups: NDArray[np.str_], approved: Bools, limits: Floats, villages: NDArray[np.str_] | None = None
) -> list[Row]:
    """Return each group's households, approval share, mean limit of the approved, and ratios to the best.

    `groups`: one word a household, empty where it is left out. Groups below LEAST_GROUP are named without figures.
    Intervals are over villages where these are given.
    """
    rows: list[Row] = []
    for name in sorted(set(groups.tolist()) - {""}):
        part = groups == name
        size, hits = int(part.sum()), int(approved[part].sum())
        row: Row = {"attribute": attribute, "group": name, "households": size, "is_hidden": size < LEAST_GROUP}
        if size >= LEAST_GROUP:
            low, high = _interval(approved[part], None if villages is None else villages[part])
            row |= {
                "approval": hits / size,
                "low": low,
                "high": high,
                "mean_limit_yuan": float(limits[part & approved].mean()) if hits else 0.0,
            }
        rows.append(row)
    shown = [row for row in rows if not row["is_hidden"]]
    for measure, ratio in (("approval", "approval_ratio"), ("mean_limit_yuan", "limit_ratio")):
        best = max((row[measure] for row in shown), default=0.0)
        for row in shown:
            row[ratio] = row[measure] / best if best else 1.0
    for row in shown:
        row["is_flagged"] = row["approval_ratio"] < FOUR_FIFTHS
    return rows


def default_rows(
    attribute: str,
    groups: NDArray[np.str_],
    is_bad: Bools,
    probability: Floats,
    villages: NDArray[np.str_] | None = None,
) -> list[Row]:
    """Return each group's drawn loans, observed and expected defaults, and their ratio to everybody's.

    Intervals are over villages where these are given.
    """
    rows: list[Row] = []
    for name in sorted(set(groups.tolist()) - {""}):
        part = groups == name
        size, hits = int(part.sum()), int(is_bad[part].sum())
        row: Row = {"attribute": attribute, "group": name, "loans": size, "is_hidden": size < LEAST_GROUP}
        if size >= LEAST_GROUP:
            low, high = _interval(is_bad[part], None if villages is None else villages[part])
            expected = float(probability[part].mean())
            row |= {
                "observed": hits / size,
                "low": low,
                "high": high,
                "expected": expected,
                "holds": low <= expected <= high,
            }
        rows.append(row)
    usual = float(is_bad.mean())
    for row in rows:
        if not row["is_hidden"]:
            row["default_ratio"] = row["observed"] / usual if usual else 1.0
    return rows


def _interval(hits: Bools, villages: NDArray[np.str_] | None) -> tuple[float, float]:
    return share_interval(int(hits.sum()), len(hits)) if villages is None else village_interval(hits, villages)


def worst_ratio(rows: Sequence[Row]) -> float:
    """Return the smallest approval ratio of any group that is shown; 1 where there is none."""
    return min((float(row["approval_ratio"]) for row in rows if not row["is_hidden"]), default=1.0)


def proxy_rows(values: Floats, features: Sequence[FeatureFacts], is_long: Bools) -> list[Row]:
    """Say how well each feature alone, and all together, foretell a name's shape: AUC on rows unseen, 0.5 nothing.

    A feature whose values or absence tell the shape is a proxy for what nobody may be judged by.
    """
    if min(int(is_long.sum()), int((~is_long).sum())) < LEAST_GROUP:
        return []
    folds = list(StratifiedKFold(PROXY_FOLDS, shuffle=True, random_state=0).split(values, is_long))
    rows: list[Row] = []
    for place, about in enumerate(features):
        told = np.empty(len(is_long))
        for seen, unseen in folds:
            told[unseen] = _shares_by_bin(values[seen, place], is_long[seen], values[unseen, place])
        rows.append(_proxy_row(about.name, auc(is_long, told)))
    told = np.empty(len(is_long))
    for seen, unseen in folds:
        trees = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, early_stopping=False, random_state=0)
        with threadpool_limits(1):
            told[unseen] = trees.fit(values[seen], is_long[seen]).predict_proba(values[unseen])[:, 1]
    return [*rows, _proxy_row("all together", auc(is_long, told), alone=False)]


def _shares_by_bin(seen: Floats, is_long: Bools, unseen: Floats) -> Floats:
    """Foretell by the share in the same twentieth of the values, missing ones apart."""
    fine = make_fine("one", seen, np.ones(len(seen)), is_category=False, ranges=20)
    codes = fine.codes(seen)
    every, hits = summed(codes, np.ones(len(seen)), fine.size), summed(codes, is_long.astype(float), fine.size)
    shares: Floats = (hits + is_long.mean()) / (every + 1)
    found: Floats = shares[fine.codes(unseen)]
    return found


def _proxy_row(name: str, value: float, *, alone: bool = True) -> Row:
    verdict = "fail" if alone and value >= PROXY_REFUSED else "warn" if value >= PROXY_WARNED else "pass"
    return {"feature": name, "auc": value, "verdict": verdict}


def alternatives(
    history: History,
    features: list[FeatureFacts],
    everyone: Floats,
    groups: Mapping[str, NDArray[np.str_]],
    edge: float,
) -> list[Row]:
    """Fit without each feature in turn: what discrimination that costs, and what it does to the worst approval ratio.

    One split by villages: fitted on about two thirds of them, judged on the rest. `everyone`: features of all
    households of one day; approved is whose default probability lies below `edge`. Steps alone are fitted, on
    few bags: the rows compare with the first, not with the candidate.
    """
    names = sorted(set(history.villages.tolist()))
    held = np.isin(history.villages, names[::3])
    part = history.rows(~held)
    if not 0 < part.is_bad.sum() < len(part.is_bad) or not 0 < history.is_bad[held].sum() < held.sum():
        return []
    rows: list[Row] = []
    for left_out in (None, *range(len(features))):
        kept = [place for place in range(len(features)) if place != left_out]
        some = [features[place] for place in kept]
        narrow = History(part.values[:, kept], part.is_bad, part.villages, part.window, part.windows, {}, [])
        model = fit(narrow, some, method="smooth", bags=2)
        approved = model.predict_proba(everyone[:, kept])[:, 1] < edge
        ratio = worst_ratio(
            [row for name, group in groups.items() for row in group_rows(name, group, approved, np.ones(len(approved)))]
        )
        value = auc(history.is_bad[held], model.decision_function(history.values[held][:, kept]))
        rows.append(
            {"without": features[left_out].name if left_out is not None else "", "auc": value, "worst_ratio": ratio}
        )
    base = rows[0]
    for row in rows[1:]:
        row |= {"auc_lost": base["auc"] - row["auc"], "ratio_gained": row["worst_ratio"] - base["worst_ratio"]}
        row["is_alternative"] = row["auc_lost"] <= CHEAP_LOSS and row["ratio_gained"] >= WORTH_GAIN
    return rows
