"""What the vault holds of a run without some persons."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput
from village_credit.services.keeping.search import rows_naming
from village_credit.services.keeping.wanted import Wanted
from village_credit.signatures import canonical_json
from village_credit.sql_files import sql
from village_credit.store.runs import parquet_bytes
from village_credit.store.store import MEASURED, NAMES, SEALED, Store, part_file, part_named
from village_credit.store.whole_files import json_of
from village_credit.tables.simulation_inputs import without_households

Planned = tuple[int, bytes | None] | None  # rows that go, what is left (None: nothing); none: it stays as it is


@dataclass(frozen=True)
class VaultPlan:
    """A part of a run in the vault, how many rows go, and what is left; None: the whole file goes."""

    run_id: str
    part: str
    rows: int
    left: bytes | None


def vault_plans(store: Store, wanted: Wanted, but: str) -> Iterator[VaultPlan]:
    """Return what becomes of each file of the vault that names somebody; `but`: the erasure's own file."""
    for path in sorted((store.root / "vault").glob(f"[!.]*{SEALED}")):
        if path.name == but:
            continue
        run_id, part = part_named(path.name)
        planned = PLANS.get(part, _table)(store.open_part(run_id, part) or b"", wanted)
        if planned is not None:
            yield VaultPlan(run_id, part, *planned)


def write_plan(store: Store, plan: VaultPlan) -> None:
    """Put what is left in the place of a file of the vault."""
    if plan.left is None:
        (store.root / "vault" / part_file(plan.run_id, plan.part)).unlink(missing_ok=True)
    else:
        store.seal_part(plan.run_id, plan.part, plan.left)


def _measured(content: bytes, wanted: Wanted) -> Planned:
    """Take households out that go whole; of one person alone nothing is measured.

    What older code kept in another form, and nothing reads any more, goes as a file.
    """
    try:
        left, rows = without_households(content, list(wanted.households))
    except MissingInput:
        return 0, None
    return (rows, left) if rows else None


def _names(content: bytes, wanted: Wanted) -> Planned:
    """Take out how files were called after somebody: they keep the name under which the run tells them."""
    named = json_of(content, "how a run's files were called")
    left = {file: told for file, told in named.items() if not wanted.may_be_in(file)}
    return (len(named) - len(left), canonical_json(left)) if len(left) < len(named) else None


def _table(content: bytes, wanted: Wanted) -> Planned:
    """Take rows out, and the hashed numbers of who goes from the rows that stay."""
    table = pq.read_table(io.BytesIO(content), partitioning=None)
    gone = sorted({*_of_households(table, wanted), *rows_naming(table, wanted)})
    hashes = list(wanted.hashes) if "number_hashes" in table.column_names else []
    hashed = _with_hashes(table, hashes) if hashes else 0
    if not gone and not hashed:
        return None
    left = _left(table, gone, hashes) if hashes else table.filter(_others(table, gone))
    return len(gone), parquet_bytes(left)


PLANS: dict[str, Callable[[bytes, Wanted], Planned]] = {MEASURED: _measured, NAMES: _names}


def _of_households(table: pa.Table, wanted: Wanted) -> list[int]:
    keys = pa.array(wanted.households, pa.string())
    return [int(place) for place in pc.indices_nonzero(pc.is_in(table.column("household_key"), keys)).to_pylist()]


def _others(table: pa.Table, gone: list[int]) -> pa.Array:
    stays = np.ones(table.num_rows, dtype=np.bool_)
    stays[gone] = False
    return pa.array(stays)


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
