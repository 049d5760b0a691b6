"""How far a candidate's evidence reaches: who never drew, each county and township, traders, a synthetic world's truth.

Figures for the page, from the rows that `assess` held out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from village_credit import duckdb_session
from village_credit.errors import MissingInput
from village_credit.features.catalogue import FEATURES
from village_credit.policy.least_defaults import least_defaults
from village_credit.policy.model import PolicyInForce
from village_credit.score.statistics import Bools, Floats
from village_credit.services.modelling.observations import Observation, feature_facts
from village_credit.sql_files import sql
from village_credit.training.assess import HeldOut
from village_credit.training.parts import Judged, by_place, traders_card
from village_credit.training.selection import Undrawn, by_assumption, spread
from village_credit.training.train import History
from village_credit.training.truth import gap_to_truth


def reach(
    observations: list[Observation],
    history: History,
    held: HeldOut,
    scores: Floats,
    policy: PolicyInForce,
    *,
    is_synthetic: bool,
) -> dict[str, Any]:
    """Return the evidence beyond the figure: selection and its spread, places, traders, and the truth if it is known.

    `scores`: of every row of the history, by the card that was fitted on all of them.
    """
    labels, villages = history.is_bad[held.rows], history.villages[held.rows]
    selection = by_assumption(history, _undrawn(observations), feature_facts(), policy.band_edges())
    shared = np.full(len(history.is_bad), np.nan)
    shared[held.rows] = held.probability
    traders = np.concatenate([_traders(one) for one in observations])
    truth = _truth(observations) if is_synthetic else None
    return {
        "selection": selection,
        "selection_spread": spread(selection),
        "places": by_place(Judged(labels, held.probability, scores[held.rows], villages, history.window[held.rows])),
        "traders": traders_card(history, traders, shared, feature_facts(), least_defaults(policy)),
        "truth": truth
        and gap_to_truth(labels, held.probability, {name: part[held.rows] for name, part in truth.items()}, villages),
    }


def _asked(observation: Observation, query: str, **more: pa.Table) -> pa.Table:
    """Ask the tables of one day."""
    connection = duckdb_session.connect()
    facts = observation.intake.facts
    tables = {"features": observation.features, "outcomes": observation.outcomes, "households": facts["households"]}
    for name, table in (tables | more).items():
        connection.register(name, table)
    return connection.sql(sql("services.modelling", query), params=_params(observation, query)).to_arrow_table()


def _params(observation: Observation, query: str) -> dict[str, Any]:
    return {"day": observation.day} if query == "traders" else {}


def _undrawn(observations: list[Observation]) -> Undrawn:
    table = pa.concat_tables([_asked(one, "undrawn") for one in observations])
    columns = [table.column(feature.name).to_numpy(zero_copy_only=False) for feature in FEATURES]
    return Undrawn(
        np.column_stack(columns).astype(np.float64), np.array(table.column("village_code").to_pylist(), dtype=np.str_)
    )


def _traders(observation: Observation) -> Bools:
    """Say of each household whose outcome teaches whether it was referred as a trader by the day."""
    table = _asked(observation, "traders", traders=observation.intake.facts["traders"])
    found: Bools = table.column("is_trader").to_numpy(zero_copy_only=False).astype(np.bool_)
    return found


def _truth(observations: list[Observation]) -> dict[str, Floats] | None:
    """Return each part of the log odds of the rows that teach; None where a day's truth is not kept.

    Raises MissingInput where what is kept is of other loans.
    """
    if any(one.truth is None for one in observations):
        return None
    parts = []
    for one in observations:
        table = _asked(one, "truth", truth=one.truth)
        if any(column.null_count for column in table.columns):
            raise MissingInput(
                f"history {one.day}: truth/ does not know every loan whose outcome teaches; make the synthetic "
                f"history anew, or take truth/ away"
            )
        parts.append(table)
    found = pa.concat_tables(parts)
    return {name: found.column(name).to_numpy() for name in found.column_names}
