"""What the vault holds of a run without some persons."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput
from village_credit.services.keeping.search import MEASURED, SEALED, rows_naming
from village_credit.services.keeping.wanted import Wanted
from village_credit.signatures import canonical_json
from village_credit.sql_files import sql
from village_credit.store.runs import parquet_bytes
from village_credit.store.store import NAMES, Store
from village_credit.store.whole_files import json_of
from village_credit.tables.simulation_inputs import without_households

REFERRALS = "-referrals"
NAMES_ENDING = f".{NAMES}"


@dataclass(frozen=True)
class VaultPlan:
    """A file of the vault, the run that it is of, how many rows go, and what is left; None: the whole file goes."""

    name: str
    run_id: str
    rows: int
    left: bytes | None


def vault_plans(store: Store, wanted: Wanted, but: str) -> Iterator[VaultPlan]:
    """Return what becomes of each file of the vault that names somebody; `but`: the erasure's own file."""
    for path in sorted((store.root / "vault").glob(f"[!.]*{SEALED}")):
        name = path.name.removesuffix(SEALED)
        if name == but:
            continue
        planned = next((plan for ending, plan in PLANS.items() if name.endswith(ending)), _identities)
        plan = planned(store, name, wanted)
        if plan is not None:
            yield plan


def write_plan(store: Store, plan: VaultPlan) -> None:
    """Put what is left in the place of a file of the vault."""
    if plan.left is None:
        (store.root / "vault" / f"{plan.name}{SEALED}").unlink(missing_ok=True)
    elif plan.name.endswith(MEASURED):
        store.seal_simulation_inputs(plan.run_id, plan.left)
    else:
        store.seal_identities(plan.name, plan.left)


def _measured(store: Store, name: str, wanted: Wanted) -> VaultPlan | None:
    """Take households out that go whole; of one person alone nothing is measured.

    What older code kept in another form, and nothing reads any more, goes as a file.
    """
    run_id = name.removesuffix(MEASURED)
    try:
        left, rows = without_households(store.open_simulation_inputs(run_id), list(wanted.households))
    except MissingInput:
        return VaultPlan(name, run_id, 0, None)
    return VaultPlan(name, run_id, rows, left) if rows else None


def _identities(store: Store, name: str, wanted: Wanted) -> VaultPlan | None:
    table = pq.read_table(io.BytesIO(store.open_identities(name)), partitioning=None)
    gone = sorted({*_of_households(table, wanted), *rows_naming(table, wanted)})
    hashes = list(wanted.hashes) if "number_hashes" in table.column_names else []
    hashed = _with_hashes(table, hashes) if hashes else 0
    if not gone and not hashed:
        return None
    left = _left(table, gone, hashes) if hashes else table.filter(_others(table, gone))
    return VaultPlan(name, name.partition(".")[0].removesuffix(REFERRALS), len(gone), parquet_bytes(left))


def _names(store: Store, name: str, wanted: Wanted) -> VaultPlan | None:
    """Take out how files were called after somebody: they keep the name under which the run tells them."""
    run_id = name.removesuffix(NAMES_ENDING)
    named = json_of(store.open_part(run_id, NAMES) or b"{}", f"vault/{name}")
    left = {file: told for file, told in named.items() if not wanted.may_be_in(file)}
    return VaultPlan(name, run_id, len(named) - len(left), canonical_json(left)) if len(left) < len(named) else None


PLANS: dict[str, Callable[[Store, str, Wanted], VaultPlan | None]] = {MEASURED: _measured, NAMES_ENDING: _names}


def _of_households(table: pa.Table, wanted: Wanted) -> list[int]:
    keys = pa.array(wanted.households, pa.string())
    return [int(place) for place in pc.indices_nonzero(pc.is_in(table.column("household_key"), keys)).to_pylist()]


def _others(table: pa.Table, gone: list[int]) -> pa.Array:
    return pa.array([place not in gone for place in range(table.num_rows)], pa.bool_())


def _with_hashes(table: pa.Table, hashes: list[str]) -> int:
    """Count the rows that have the hashed number of somebody among their members."""
    connection = query_cursor()
    connection.register("given", table)
    found = connection.execute(
        "SELECT count(*) FROM given WHERE list_has_any(number_hashes, $hashes)", {"hashes": hashes}
    )
    return int((found.fetchone() or (0,))[0])


def _left(table: pa.Table, gone: list[int], hashes: list[str]) -> pa.Table:
    connection = query_cursor()
    connection.register("given", table)
    left = connection.sql(sql("services.keeping", "identities_left"), params={"gone": gone, "hashes": hashes})
    return left.to_arrow_table().cast(table.schema)
