"""What a run was decided from, so that it can be decided anew: what it measured, its policy, its scorecard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from village_credit.decide.budgets import LEVELS
from village_credit.errors import PolicyRefused
from village_credit.policy.changed import deciding
from village_credit.policy.compiled import policy_tables
from village_credit.policy.model import Policy, PolicyInForce
from village_credit.score.apply import score_columns
from village_credit.score.scorecard import Scorecard
from village_credit.tables.simulation_inputs import SimulationInputs


@dataclass(frozen=True)
class Basis:
    """A run as it is decided anew.

    `decisions`: household_key, village_code, product, limit_yuan. `points` reads household_key, feature and value of
    whom it scored, `card` the scorecard that it scored with: both are asked for where they are needed.
    """

    manifest: dict[str, Any]
    policy: Policy
    measured: SimulationInputs
    decisions: pa.Table
    points: Callable[[], pa.Table]
    card: Callable[[], Scorecard]

    @property
    def as_of(self) -> date:
        """The run's day."""
        return date.fromisoformat(self.manifest["as_of"])

    def in_force(self, day: date) -> PolicyInForce:
        """Return its policy as its county has it on a day."""
        return self.policy.in_force(day, self.manifest["county_code"])

    def has_figures_on(self, day: date) -> bool:
        """Tell whether its policy decides anything on a day."""
        try:
            policy_tables(self.in_force(day))
        except PolicyRefused:
            return False
        return True

    def knows_features_of(self, other: Basis) -> bool:
        """Tell whether the other run's card can score what this one measured."""
        known = {feature.name for feature in self.card().features}
        return all(feature.name in known and not feature.is_category for feature in other.card().features)


def has_caps(basis: Basis) -> bool:
    """Tell whether a run's policy has a budget on its day."""
    figures = basis.in_force(basis.as_of)
    return any(figures.cap(level) is not None for level in LEVELS)


def without_caps(figures: PolicyInForce) -> PolicyInForce:
    """Return a policy without its budgets."""
    names = {f"budget_{level}" for level in LEVELS}
    kept = [figure for figure in figures.policy.figures if figure.name not in names]
    return replace(figures, policy=figures.policy.model_copy(update={"figures": kept}))


def compiled(basis: Basis, day: date) -> dict[str, Any]:
    """Return all that a run's policy says of limits on a day, budgets aside, to be compared."""
    return deciding(without_caps(basis.in_force(day)))


def scored_by(basis: Basis, card: Scorecard, keys: pa.ChunkedArray) -> pa.Array:
    """Return the default probability, ppm, that a card gives households by a run's features; null: not scored."""
    points = basis.points()
    columns = [_column(points, feature.name, keys) for feature in card.features]
    is_scored = pc.is_in(keys, value_set=pc.unique(points.column("household_key"))).to_numpy()
    return pa.array(score_columns(columns, card).ppm, pa.int64(), mask=~is_scored)


def _column(points: pa.Table, feature: str, keys: pa.ChunkedArray) -> pa.Array:
    rows = points.filter(pc.equal(points.column("feature"), feature))
    places = pc.index_in(keys, value_set=rows.column("household_key").combine_chunks())
    values = rows.column("value").take(places).to_numpy()
    return pa.array(values.astype(np.float64, copy=False))
