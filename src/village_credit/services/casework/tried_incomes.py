"""What households without an income would be granted if a person found one: tried by their run's own policy."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.branch import PRODUCTS_ZH
from village_credit.decide.decide import HUMAN_INPUTS, apply_policy
from village_credit.policy.model import load_policy
from village_credit.store.store import Store
from village_credit.tables.simulation_inputs import SimulationInputs, unpack_simulation_inputs
from village_credit.workbooks.reviews import TRIED_YUAN


def try_incomes(store: Store, run_id: str, manifest: dict[str, Any], asked: AbstractSet[str]) -> dict[str, str]:
    """Return, by household_key of those asked, the limits in whole yuan by each of TRIED_YUAN as income of their trade.

    Nothing for a run that an earlier version measured: a person goes without. Raises MissingInput where the run's
    policy or what was measured is gone.
    """
    if not asked:
        return {}
    as_of = date.fromisoformat(manifest["as_of"])
    measured = unpack_simulation_inputs(store.open_simulation_inputs(run_id))
    if not measured.are_of_today():
        return {}
    text = store.thaw(manifest["versions"]["policy_sha256"]).decode("utf-8")
    policy = load_policy(text).in_force(as_of, manifest["county_code"])
    units = measured.units.filter(pc.is_in(measured.units.column("household_key"), pa.array(sorted(asked))))
    columns = [_limits(measured, units, policy, as_of, manifest["product"], yuan) for yuan in TRIED_YUAN]
    keys = units.column("household_key").to_pylist()
    return {key: " / ".join(f"{limit:,}" for limit in limits) for key, *limits in zip(keys, *columns, strict=True)}


def _limits(
    measured: SimulationInputs, units: pa.Table, policy: Any, as_of: date, product: str | None, yuan: int
) -> list[int]:
    """Return each unit's limit if it earned so much a year."""
    outcome = apply_policy(_with_income(measured, units, as_of, yuan), policy, as_of, product)
    found = dict(zip(*(outcome.column(name).to_pylist() for name in ("unit_code", "limit_yuan")), strict=True))
    return [found.get(unit, 0) for unit in units.column("unit_code").to_pylist()]


def _with_income(measured: SimulationInputs, units: pa.Table, as_of: date, yuan: int) -> dict[str, pa.Table]:
    """Return what was measured of some units, with so much of their own trade a year, whatever the product."""
    codes = units.column("unit_code")
    chosen = {
        name: table.filter(pc.is_in(table.column("unit_code").cast(codes.type), codes.combine_chunks()))
        if "unit_code" in table.column_names
        else table
        for name, table in measured.tables.items()
    }
    rows = [
        {"unit_code": code, "product": product, "kind": "trade", "income_yuan": yuan, "said_on": as_of}
        for code in codes.to_pylist()
        for product in PRODUCTS_ZH
    ]
    names = {field.name: field for field in HUMAN_INPUTS["supplied"]}
    names["unit_code"] = pa.field("unit_code", codes.type)
    return chosen | {"supplied": pa.Table.from_pylist(rows, schema=pa.schema(list(names.values())))}
