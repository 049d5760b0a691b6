"""What stood before a run: the publications and lines in force the day before, and what they were computed from."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput
from village_credit.ledger.lines_in_force import decision_files
from village_credit.ledger.publications import Publication
from village_credit.relief.conditions import CONDITIONS
from village_credit.sql_files import sql
from village_credit.store.store import MEASURED, Store
from village_credit.tables.gates import Outcome, outcome_of
from village_credit.tables.simulation_inputs import SimulationInputs, unpack_simulation_inputs


def decided_before(store: Store, before: Sequence[Publication]) -> pa.Table:
    """Return the household_key of everyone whom what was in force on the day before decided, granted or not."""
    paths = decision_files(store, before)
    if not paths:
        return pa.table({"household_key": pa.array([], pa.string())})
    query = "SELECT DISTINCT household_key FROM read_parquet($paths, hive_partitioning = false) ORDER BY household_key"
    return query_cursor().sql(query, params={"paths": paths}).to_arrow_table()


def last_whole_run(before: Sequence[Publication]) -> str | None:
    """Name the run of the county's last whole publication; None: nothing to compare with."""
    return next((publication.run_id for publication in before if publication.product is None), None)


def rows_before(store: Store, run_id: str | None) -> dict[str, int]:
    """Return the standing rows per contract of a run; of none, none."""
    if run_id is None:
        return {}
    path = store.table(run_id, "control_totals")
    query = sql("ledger", "rows_before")
    return dict(query_cursor().execute(query, {"path": str(path)}).fetchall())


def outcome_before(store: Store, run_id: str | None) -> Outcome | None:
    """Return what a run came to; None of none."""
    if run_id is None:
        return None
    path = store.table(run_id, "decisions")
    query = "SELECT decision, limit_yuan FROM read_parquet($path, hive_partitioning = false)"
    return outcome_of(query_cursor().sql(query, params={"path": str(path)}).to_arrow_table())


def points_before(store: Store, run_id: str | None) -> pa.Table | None:
    """Return unit_code, feature and value of every household that a run decided; None of none.

    A sealed run knows no unit_code: here it is the pseudonym.
    """
    if run_id is None:
        return None
    path = store.table(run_id, "score_points")
    query = "SELECT household_key AS unit_code, feature, value FROM read_parquet($path, hive_partitioning = false)"
    return query_cursor().sql(query, params={"path": str(path)}).to_arrow_table()


def conditions_before(store: Store, run_id: str | None) -> pa.Table:
    """Return the documents that households were waiting to bring as a run left them, by household_key.

    Of none, none.
    """
    schema = pa.schema(
        [("household_key", pa.string()), *((f.name, f.type) for f in CONDITIONS if f.name != "unit_code")]
    )
    path = None if run_id is None else store.table_if_any(run_id, "conditions")
    if path is None:
        return schema.empty_table()
    return pq.read_table(path, columns=schema.names, partitioning=None).cast(schema)


def knows_before(store: Store, run_id: str | None) -> bool:
    """Tell whether the vault holds what a run measured."""
    return run_id is not None and store.has_part(run_id, MEASURED)


def simulation_inputs_before(store: Store, run_id: str | None) -> SimulationInputs | None:
    """Return what a run measured of its households; None of none, or where the vault no longer has it.

    Nor of a run whose code kept it in another form.
    """
    if run_id is None or not knows_before(store, run_id):
        return None
    try:
        return unpack_simulation_inputs(store.open_simulation_inputs(run_id))
    except MissingInput:
        return None


def dates_before(store: Store, run_id: str | None) -> pa.Table:
    """Return household_key, valid_to and review_due_on of the lines that a run granted; of none, none."""
    schema = pa.schema([("household_key", pa.string()), ("valid_to", pa.date32()), ("review_due_on", pa.date32())])
    if run_id is None:
        return schema.empty_table()
    return pq.read_table(store.table(run_id, "decisions"), columns=schema.names, partitioning=None).cast(schema)
