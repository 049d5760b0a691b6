"""Ask of a run what would help its households, reckoned anew from what was measured, scored and sealed with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from village_credit.decide.trials import Bench
from village_credit.duckdb_session import cursor_over
from village_credit.errors import MissingInput, ModelRefused, PolicyRefused
from village_credit.policy.changeable import Changeable, changeable
from village_credit.policy.model import Policy
from village_credit.policy.units import policy_in_its_units
from village_credit.score.scorecard import Scorecard, read_scorecard
from village_credit.sql_files import sql
from village_credit.store.store import Store
from village_credit.tables.simulation_inputs import SimulationInputs, unpack_simulation_inputs
from village_credit.tables.what_helps import HELPS, scores_of, what_helps

# Why nothing is said: what was measured is gone or of another form; the policy names nothing that may be changed
NOT_KEPT, NOT_DECLARED, RECKONED = "not_kept", "not_declared", "reckoned"
# Terms that no change of the household's moves: a figure bound by them is no question of what helps


@dataclass(frozen=True)
class Helps:
    """What would help households of a run: HELPS, and whether it could be reckoned."""

    state: str
    rows: pa.Table = field(default_factory=HELPS.empty_table)

    def of(self, key: str) -> list[dict[str, Any]]:
        """Return the rows of a household, in the committee's order."""
        found: list[dict[str, Any]] = self.rows.filter(pc.equal(self.rows.column("household_key"), key)).to_pylist()
        return found


def helps_of(store: Store, run_id: str, keys: Iterable[str]) -> Helps:
    """Reckon what would help households (household_key) of a run; nothing is written.

    Raises MissingInput where there is no such run.
    """
    manifest = store.manifest(run_id)
    policy, card = _policy_of(store, manifest), card_of(store, run_id)
    if policy is None or card is None:
        return Helps(NOT_KEPT)
    things = changeable(policy, date.fromisoformat(manifest["as_of"]))
    if not things:
        return Helps(NOT_DECLARED)
    measured = _measured(store, run_id)
    if measured is None:
        return Helps(NOT_KEPT)
    as_of = date.fromisoformat(manifest["as_of"])
    asked = pa.array(sorted(set(keys)), pa.string())
    units = measured.units.filter(pc.is_in(measured.units.column("household_key"), asked))
    if not units.num_rows:  # who was erased is measured no more
        return Helps(NOT_KEPT)
    bench = Bench(
        only(measured.tables, units), policy.in_force(as_of, manifest["county_code"]), as_of, manifest["product"]
    )
    return Helps(RECKONED, _reckoned(store, run_id, bench, card, units, things))


def card_of(store: Store, run_id: str) -> Scorecard | None:
    """Return the scorecard that was kept with a run, whatever became of its signatures since; None of older code."""
    try:
        return read_scorecard(_frozen(store, store.manifest(run_id), "scorecard"))
    except (MissingInput, ModelRefused):
        return None


def _policy_of(store: Store, manifest: dict[str, Any]) -> Policy | None:
    """Return the policy that was kept with a run; None where it is gone, or of a form that is read no more."""
    try:
        return policy_in_its_units(_frozen(store, manifest, "policy"))
    except (MissingInput, PolicyRefused):
        return None


def _reckoned(
    store: Store, run_id: str, bench: Bench, card: Scorecard, units: pa.Table, things: list[Changeable]
) -> pa.Table:
    points = pq.read_table(store.table(run_id, "score_points"), partitioning=None)
    connection = cursor_over({"points": points, "units": units})
    of_units = connection.sql(sql("publish", "points_of_units")).to_arrow_table()
    return what_helps(bench, scores_of(of_units, card), units, things)


def _frozen(store: Store, manifest: dict[str, Any], name: str) -> str:
    return store.thaw(manifest["versions"][f"{name}_sha256"]).decode("utf-8")


def _measured(store: Store, run_id: str) -> SimulationInputs | None:
    """Return what was measured of a run's households; None where it is gone, or older code kept other tables."""
    try:
        found = unpack_simulation_inputs(store.open_simulation_inputs(run_id))
    except MissingInput:
        return None
    return found if found.are_of_today() else None


def only(tables: dict[str, pa.Table], units: pa.Table) -> dict[str, pa.Table]:
    """Return measured tables of some units alone."""
    codes = units.column("unit_code").cast(pa.int64()).combine_chunks()
    return {
        name: table.filter(pc.is_in(table.column("unit_code").cast(pa.int64()), codes))
        if "unit_code" in table.column_names
        else table
        for name, table in tables.items()
    }
