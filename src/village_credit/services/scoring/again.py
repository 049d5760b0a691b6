"""Who was erased and is delivered anew stands in a run like anybody else, and is told: nobody comes back unseen."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from village_credit.ledger.erasures import erased_persons, whole_households
from village_credit.ledger.ledger import Ledger
from village_credit.store.store import Store

WHAT_TO_DO = "ask the office to leave them out, or erase them once more"


def delivered_again(store: Store, ledger: Ledger, run_id: str) -> list[str]:
    """Say of how many households of a run somebody, or everybody, was erased before it was delivered; by key."""
    households, persons = whole_households(ledger), erased_persons(ledger)
    if not (households or persons) or not store.has_identities(run_id):
        return []
    columns = ["household_key", "number_hashes"]
    known = pq.read_table(io.BytesIO(store.open_identities(run_id)), columns=columns, partitioning=None)
    whole = _among(known.column("household_key"), households)
    lists = known.column("number_hashes").combine_chunks()
    named = pc.list_parent_indices(lists).filter(_among(pc.list_flatten(lists), persons))
    rows = {*pc.indices_nonzero(whole).to_pylist(), *named.to_pylist()}
    keys = [known.column("household_key")[row].as_py() for row in sorted(rows)]
    if not keys:
        return []
    return [f"an erased household is delivered again: {len(keys):,} ({', '.join(keys[:20])}); {WHAT_TO_DO}"]


def _among(column: pa.ChunkedArray | pa.Array, wanted: set[str]) -> pa.ChunkedArray | pa.Array:
    return pc.is_in(column, value_set=pa.array(sorted(wanted), pa.string()))
