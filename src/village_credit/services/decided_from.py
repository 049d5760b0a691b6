"""What stored runs were decided from, read back so that they can be decided anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.errors import MissingInput
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.inbox import reading_order
from village_credit.ingest.relief_proofs import _proof_rows
from village_credit.ledger.erasures import day_of, thaw_what_is_left, touched_runs
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.ledger.relief import DeclaredRelief
from village_credit.policy.units import policy_in_its_units
from village_credit.relief.apply import PROOFS, declared_table
from village_credit.score.scorecard import read_scorecard
from village_credit.store.runs import inputs_of
from village_credit.store.store import MEASURED, Store, sha256_of
from village_credit.tables.basis import Basis
from village_credit.tables.simulation_inputs import SimulationInputs, unpack_simulation_inputs

LIMITS = ["household_key", "village_code", "product", "limit_yuan"]


def inputs_left(store: Store, entries: Iterable[Entry], manifest: dict[str, Any]) -> Iterator[DeliveredFile]:
    """Return what is left of the delivery of a run, in reading order; raises MissingInput where bytes are gone."""
    for name, sha256 in sorted(inputs_of(store, manifest), key=lambda item: reading_order(item[0])):
        left = thaw_what_is_left(store, entries, name, sha256)
        if left is not None:
            yield DeliveredFile(left.file_name, left.content, sha256_of(left.content))


def declared_for(store: Store, entries: Iterable[Entry], standing: list[DeclaredRelief]) -> tuple[pa.Table, pa.Table]:
    """Return a county's declarations and their proofs as `relieve` reads them; numbers stay in memory.

    Of proofs that were erased what is left counts.
    """
    read = {digest: thaw_what_is_left(store, entries, "", digest) for one in standing for digest in one.proofs}
    rows = [
        row
        for one in standing
        for digest in one.proofs
        if (file := read[digest]) is not None
        for row in _proof_rows(one.declaration.document, file.content)
    ]
    return declared_table(one.declaration for one in standing), pa.Table.from_pylist(rows, schema=PROOFS)


def basis_of(store: Store, ledger: Ledger, run_id: str) -> Basis:
    """Return what a sealed run was decided from.

    Raises MissingInput, in one sentence, where the vault no longer has what it measured, or has it otherwise.
    """
    manifest = store.manifest(run_id)

    def points() -> pa.Table:
        columns = ["household_key", "feature", "value"]
        return pq.read_table(store.table(run_id, "score_points"), columns=columns, partitioning=None)

    versions = manifest["versions"]
    return Basis(
        manifest,
        policy_in_its_units(store.thaw(versions["policy_sha256"]).decode("utf-8")),
        _measured(store, ledger, run_id),
        pq.read_table(store.table(run_id, "decisions"), columns=LIMITS, partitioning=None),
        points,
        lambda: read_scorecard(store.thaw(versions["scorecard_sha256"]).decode("utf-8")),
    )


def basis_if_any(store: Store, ledger: Ledger, run_id: str) -> Basis | None:
    """Return what a run was decided from; None where it cannot be decided anew."""
    try:
        return basis_of(store, ledger, run_id)
    except MissingInput:
        return None


def _measured(store: Store, ledger: Ledger, run_id: str) -> SimulationInputs:
    content = store.open_simulation_inputs(run_id)
    said = store.manifest(run_id).get("vault", {}).get(MEASURED)
    act = touched_runs(ledger).get(run_id)
    if act is not None and said is not None and sha256_of(content) != said:
        raise MissingInput(
            f"run {run_id}: of some of its households act {act.number:,} of {day_of(act)} took what was measured out "
            "of the vault, so that it cannot be decided anew"
        )
    found = unpack_simulation_inputs(content)
    if not found.are_of_today():
        raise MissingInput(f"run {run_id}: it was measured by an earlier version, which kept other figures")
    return found
