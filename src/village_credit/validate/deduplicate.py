"""Equal rows and corrected rows find their outcome: the first of equals stands, the latest of one key supersedes."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from data_contracts.registry import INCOMING, field_specs
from village_credit.duckdb_session import query_cursor
from village_credit.sql_files import sql

OUTCOMES = pa.schema([("row_id", pa.int64()), ("outcome", pa.string()), ("reason_code", pa.string())])


@dataclass(frozen=True)
class Settled:
    """`standing` rows go on; `outcomes` has one row per row that does not (duplicate, superseded, quarantined)."""

    standing: pa.Table
    outcomes: pa.Table


def deduplicate(contract: str, rows: pa.Table, corrections: pa.Table) -> Settled:
    """Settle one contract's accepted rows of all its extracts.

    `rows`: row_id (in reading order), source_id, the contract's fields, and `person_id` (the whole ID number,
    repaired or completed) where it has one. `corrections`: source_ids whose path says 更正 or 补报.
    """
    if not rows.num_rows:
        return Settled(rows, OUTCOMES.empty_table())
    outcomes = [_duplicates(contract, rows)]
    standing = _without(rows, outcomes[0])
    model = INCOMING[contract]
    key = getattr(model, "superseding_key", None)
    if key:
        outcomes.append(_superseded(standing, key, model.__dict__["superseding_order"], corrections))
    elif unique := getattr(model, "unique_key", None):
        outcomes.append(_conflicts(standing, unique, corrections))
    return Settled(_without(rows, pa.concat_tables(outcomes)), pa.concat_tables(outcomes))


def _connect(**tables: pa.Table) -> duckdb.DuckDBPyConnection:
    connection = query_cursor()
    for name, table in tables.items():
        connection.register(name, table)
    return connection


def _without(rows: pa.Table, outcomes: pa.Table) -> pa.Table:
    if not outcomes.num_rows:
        return rows
    connection = _connect(given=rows, gone=outcomes)
    return connection.sql("SELECT * FROM given ANTI JOIN gone USING (row_id) ORDER BY row_id").to_arrow_table()


def _compared(contract: str, columns: list[str]) -> list[str]:
    """Rows are equal when every declared field is; an ID number counts as repaired or completed."""
    names = [spec.name for spec in field_specs(contract) if spec.name in columns]
    return ["coalesce(person_id, id_number)" if name == "id_number" else name for name in names]


def _duplicates(contract: str, rows: pa.Table) -> pa.Table:
    connection = _connect(given=rows)
    query = sql("validate", "duplicates").format(compared=", ".join(_compared(contract, rows.column_names)))
    return connection.sql(query).to_arrow_table().cast(OUTCOMES)


def _superseded(rows: pa.Table, key: tuple[str, ...], order: str, corrections: pa.Table) -> pa.Table:
    """The latest day supersedes; on a tie a path that says it corrects; without either all are in conflict."""
    fields = ", ".join("person_id" if name == "id_number" else name for name in key)
    connection = _connect(given=rows, corrections=corrections)
    query = sql("validate", "superseded").format(fields=fields, order=order)
    return connection.sql(query).to_arrow_table().cast(OUTCOMES)


def _conflicts(rows: pa.Table, key: tuple[str, ...], corrections: pa.Table) -> pa.Table:
    """Rows of one key with different contents: the only one whose path says it corrects, else none stands."""
    fields = ", ".join(key)
    connection = _connect(given=rows, corrections=corrections)
    query = sql("validate", "conflicts").format(fields=fields)
    return connection.sql(query).to_arrow_table().cast(OUTCOMES)
