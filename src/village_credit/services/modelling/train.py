"""Fit a candidate scorecard: deliveries as of earlier days, labels from the conduct after them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from village_credit.errors import ModelRefused, UsageError
from village_credit.identifiers import MODEL_ID
from village_credit.policy.least_defaults import least_defaults
from village_credit.score.scorecard import Scorecard, card_json
from village_credit.services.modelling.came_back import joined, observe_published
from village_credit.services.modelling.observations import (
    Observation,
    day_of,
    feature_facts,
    feature_matrix,
    long_names,
    observe_all,
    of_last_day,
    to_history,
)
from village_credit.services.modelling.sign import write_pages
from village_credit.services.rules import read_policy
from village_credit.store.store import Store
from village_credit.store.whole_files import write_whole
from village_credit.training.fairness import proxy_rows
from village_credit.training.train import train


def train_candidate(
    folders: list[Path],
    counties: Sequence[str],
    model_id: str,
    valid_from: date | None,
    out: Path,
    policy_file: Path,
    impact_assessment: str | None = None,
    store: Store | None = None,
) -> tuple[Scorecard, Path]:
    """Train on the counties of every history folder (named by its day, with inbox/ and outcome/), and write the card.

    With a `store`, on its published runs of these counties too, and on what came back of them. The card is unsigned.
    Beside it stand the page as text and `training.json`, which names the histories for `assess-model`, and of published
    runs how far their households came. Raises ModelRefused where there are fewer defaults than the policy asks for, as
    the first county has it, UsageError where there is nothing to learn from, the same day of a county twice, or a name
    that no model may have.
    """
    if not folders and store is None:
        raise UsageError("there is nothing to learn from: name histories with --history, or say --published")
    _require_words(folders, model_id)
    policy = read_policy(policy_file)[0]
    came_back = None if store is None else observe_published(store, counties)
    observations = joined(observe_all(folders, counties) if folders else [], came_back)
    _refuse_proxies(of_last_day(observations))
    first = valid_from or _year_after(observations)
    least = least_defaults(policy.in_force(first, counties[0]))
    card = train(to_history(observations), feature_facts(), model_id, first, impact_assessment, least)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{model_id}.scorecard.json"
    write_whole(path, card_json(card).encode("utf-8"))
    write_pages(out, card)
    history = [str(folder.resolve()) for folder in sorted(folders, key=day_of)]
    told: dict[str, Any] = {"model_id": model_id, "counties": list(counties), "history": history}
    if came_back is not None:
        told |= {"published": came_back.runs, "selection": came_back.selection, "left_out": came_back.left_out}
    write_whole(out / "training.json", json.dumps(told, ensure_ascii=False, indent=1).encode("utf-8"))
    return card, path


def _require_words(folders: Sequence[Path], model_id: str) -> None:
    """Raise UsageError, before anything is read, for a name that no model has, and a history that is named twice."""
    if not MODEL_ID.fullmatch(model_id):
        raise UsageError(f"--model-id {model_id!r}: a model is named by {MODEL_ID.pattern}, as `county-2027.1`")
    places = [folder.resolve() for folder in folders]
    if twice := sorted({place.name for place in places if places.count(place) > 1}):
        raise UsageError(f"the history {', '.join(twice)} is named twice, and its loans would count so: name it once")


def _refuse_proxies(observations: list[Observation]) -> None:
    """Raise ModelRefused where a feature alone foretells the shape of names.

    It would judge by what nobody may be judged by.
    """
    features, is_long = feature_matrix(observations), long_names(observations)
    found = [row for row in proxy_rows(features, feature_facts(), is_long) if row["verdict"] == "fail"]
    if found:
        named = ", ".join(f"{row['feature']} (AUC {row['auc']:.2f})" for row in found)
        raise ModelRefused(
            f"{named}: foretells the shape of names, so it is a proxy for what nobody may be judged by; take "
            f"it out of the catalogue"
        )


def _year_after(observations: list[Observation]) -> date:
    """When the last outcome was known."""
    last = max(observation.day for observation in observations)
    return last.replace(year=last.year + 1) if (last.month, last.day) != (2, 29) else date(last.year + 1, 3, 1)
