"""Labelled features become a scorecard: fitted, scaled to whole points, and judged on rows that its fits never saw."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from village_credit.errors import ModelRefused
from village_credit.score.scorecard import Scorecard, Training, content_hash
from village_credit.score.statistics import Bools, Floats
from village_credit.training.estimator import ScorecardClassifier
from village_credit.training.metrics import auc, brier, ks
from village_credit.training.points import MERGED, TOLD
from village_credit.training.table import WAYS, FeatureFacts, score_ranges, scored_with

FOLDS = 5
VALID_DAYS = 731  # two years: then a model is trained or confirmed anew
DEFAULT_DEFINITION = (
    "more than 90 days past due for the first time within 12 months after the observation day "
    "(undated: ever, on loans at least 12 months old); proven relief is no default"
)
SYNTHETIC_NOTE = "Trained on SYNTHETIC history: it shows the form of a scorecard and says nothing about real people."


@dataclass(frozen=True)
class History:
    """Drawn loans with outcomes: one row a household and observation day.

    `values`: rows × features (NaN missing); `is_bad`, `villages`, `window` (place in `windows`): rows. `outcomes`:
    households by outcome, those without a label too.
    """

    values: Floats
    is_bad: Bools
    villages: NDArray[np.str_]
    window: NDArray[np.int64]
    windows: list[str]
    outcomes: dict[str, int]
    input_hashes: list[str]

    def rows(self, chosen: Any) -> History:
        """Return a part of the rows."""
        return History(
            self.values[chosen],
            self.is_bad[chosen],
            self.villages[chosen],
            self.window[chosen],
            self.windows,
            self.outcomes,
            self.input_hashes,
        )


def new_model(features: list[FeatureFacts], **changes: Any) -> ScorecardClassifier:
    """Return an unfitted classifier whose features move as the catalogue says.

    No bin has more points than another with fewer defaults, whatever other features explain.
    """
    told = {"monotone": [WAYS[feature.direction] for feature in features], "contradictions": MERGED}
    return ScorecardClassifier(**told | changes)


def train(
    history: History,
    features: list[FeatureFacts],
    model_id: str,
    valid_from: date,
    impact_assessment: str | None = None,
    least_defaults: int = 1,
) -> Scorecard:
    """Fit a scorecard; its figures come from villages, and from a year, that their fits did not see.

    Without the reference of an impact assessment it is marked as trained on synthetic history. Raises
    ModelRefused where the history has fewer defaults than `least_defaults`, or cannot tell bads from goods.
    """
    require_enough(history, least_defaults)
    model = fit(history, features)
    scored = scored_with(model, features)
    if not scored["features"]:
        raise ModelRefused("no feature tells bads from goods: there is nothing to put on a page")
    card = Scorecard(
        model_id=model_id,
        note="" if impact_assessment else SYNTHETIC_NOTE,
        **scored,
        training=Training(
            is_synthetic=impact_assessment is None,
            windows=history.windows,
            rows=len(history.is_bad),
            bads=int(history.is_bad.sum()),
            outcomes=dict(sorted(history.outcomes.items())),
            default_definition=DEFAULT_DEFINITION,
            horizon_months=12,
            method=method_text(model),
            figures=figures(history, features, model),
            score_ranges=score_ranges(model.score_points(history.values).astype(np.float64)),
            input_hashes=history.input_hashes,
        ),
        valid_from=valid_from,
        valid_to=valid_from + timedelta(days=VALID_DAYS - 1),
        impact_assessment=impact_assessment or "PIA-SYNTHETIC-0",
    )
    return card.model_copy(update={"content_sha256": content_hash(card)})


def require_enough(history: History, least_defaults: int) -> None:
    """Raise ModelRefused where there is nothing, or too little, to learn from."""
    rows, bads = len(history.is_bad), int(history.is_bad.sum())
    told = f"the history has {rows:,} loans with an outcome and {bads:,} defaults among them"
    if rows == 0 or bads in {0, rows}:
        raise ModelRefused(
            f"{told}; a scorecard needs both kinds: add observation days, or look whether the conduct file reaches "
            f"to their end"
        )
    if bads < least_defaults:
        raise ModelRefused(
            f"{told}; the policy asks for {least_defaults:,} at least (least_training_defaults), for fewer teach "
            f"little but chance: add observation days, or look whether the conduct file reaches to their end"
        )


def fit(history: History, features: list[FeatureFacts], **changes: Any) -> ScorecardClassifier:
    """Fit the classifier on every row of a history."""
    model: ScorecardClassifier = new_model(features, **changes).fit(history.values, history.is_bad)
    return model


def fit_free(history: History, features: list[FeatureFacts]) -> ScorecardClassifier:
    """Fit without any direction and with contradictions that other features explain: what directions cost."""
    return fit(history, features, monotone=[0] * len(features), contradictions=TOLD)


def method_text(model: ScorecardClassifier) -> str:
    """Say how the points were found, for the page."""
    shares = ", ".join(f"{method} {share:.0%}" for method, share in sorted(model.blend_.shares.items()) if share)
    grid = "finer grid; " if model.blend_.is_finer else ""
    bins = f"at most {model.max_bins} bins a feature, none with more points than one with fewer defaults"
    pairs = f"; {len(model.pairs_)} pairs of features by left-out rows" if model.pairs_ else ""
    return f"blend by left-out rows: {shares}; {grid}{bins}{pairs}"


def village_folds(history: History) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Part whole villages into folds, rows seen and unseen; a fold whose seen rows are of one kind is left out."""
    count = min(FOLDS, len(set(history.villages.tolist())))
    if count < 2:
        return []
    folds = StratifiedGroupKFold(n_splits=count, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few defaults in few villages: a fold may lack them
        splits = list(folds.split(history.values, history.is_bad, history.villages))
    return [(seen, unseen) for seen, unseen in splits if 0 < history.is_bad[seen].sum() < len(seen)]


def last_day(history: History) -> tuple[History, NDArray[np.int64]] | None:
    """Part the last observation day from the earlier ones; None where either has one kind of outcome only."""
    last = history.window == history.window.max()
    earlier = history.rows(~last)
    if not 0 < earlier.is_bad.sum() < len(earlier.is_bad) or not 0 < history.is_bad[last].sum() < last.sum():
        return None
    return earlier, np.flatnonzero(last)


def figures(history: History, features: list[FeatureFacts], model: ScorecardClassifier) -> dict[str, float]:
    """Return the headline figures, on rows that the fits did not see wherever they are called so."""
    found = {
        "bad_rate": float(history.is_bad.mean()),
        "auc_in_sample": auc(history.is_bad, model.decision_function(history.values)),
    }
    folds = village_folds(history)
    if folds:
        rows = np.concatenate([unseen for _, unseen in folds])
        risk = np.concatenate(
            [fit(history.rows(seen), features).predict_proba(history.values[unseen])[:, 1] for seen, unseen in folds]
        )
        labels = history.is_bad[rows]
        found |= {
            "auc_out_of_village": auc(labels, risk),
            "ks_out_of_village": ks(labels, risk),
            "brier_out_of_village": brier(labels, risk),
        }
    parted = last_day(history)
    if parted is not None:
        earlier, later = parted
        labels, risk = history.is_bad[later], fit(earlier, features).predict_proba(history.values[later])[:, 1]
        found |= {"auc_out_of_time": auc(labels, risk), "ks_out_of_time": ks(labels, risk)}
    return {name: round(value, 5) for name, value in sorted(found.items()) if np.isfinite(value)}
