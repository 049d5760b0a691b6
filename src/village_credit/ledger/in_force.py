"""Where a household is found: the county that knows it, and its decision in force."""

from __future__ import annotations

from typing import Any

from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput
from village_credit.ledger.branch_limits import branch_limits, with_branch_limit
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import in_force
from village_credit.store.store import Store


def decision_in_force(store: Store, entries: list[Entry], key: str) -> dict[str, Any] | None:
    """Return a household's decision in force, with its publication_id; None where none is."""
    for publication in reversed(in_force(entries)):
        row = _decision(store, publication.run_id, key)
        if row and publication.product in (None, row["product"]):
            said = branch_limits(entries).get((publication.publication_id, key, row["product"]))
            return {**with_branch_limit(row, said), "publication_id": publication.publication_id}
    return None


def county_of(store: Store, entries: list[Entry], key: str) -> str:
    """Return the county of a household that is published or at least staged; raises MissingInput where no run knows it."""
    found = decision_in_force(store, entries, key)
    staged = (e.run_id for e in reversed(entries) if e.act == "stage")
    rows = (_decision(store, run_id, key) for run_id in staged)
    found = found or next((row for row in rows if row), None)
    if found is None:
        raise MissingInput(
            f"household {key}: no run in this store knows it; check the key, or give - and the number on standard input"
        )
    return str(found["county_code"])


def _decision(store: Store, run_id: str, key: str) -> dict[str, Any] | None:
    query = "SELECT county_code, household_key, product, decision, limit_yuan, reason_codes FROM read_parquet($path) WHERE household_key = $key"
    path = str(store.require_run(run_id) / "decisions.parquet")
    rows = query_cursor().sql(query, params={"path": path, "key": key}).to_arrow_table().to_pylist()
    return rows[0] if rows else None
