"""Quarantined rows of adverse lists find the households that they may speak of: a person looks there."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from data_contracts.registry import ADVERSE
from village_credit.sql_files import sql

UNREAD = pa.schema(
    [
        ("contract", pa.string()),
        ("name", pa.string()),
        ("id_number", pa.string()),
        ("id_status", pa.string()),
        ("person_id", pa.string()),  # the whole number, where it can be read
        ("contractor_code", pa.string()),
        ("source_id", pa.int64()),
        ("line_number", pa.int32()),
    ]
)
CANDIDATES_AT_MOST = 3  # households; a row that fits more of them names nobody


def create_unread(connection: duckdb.DuckDBPyConnection, unread: pa.Table) -> pa.Table:
    """Make `unread_found` (unit_code, contract) and count the rows: contract, known, elsewhere, unknown.

    `unread`: UNREAD of quarantined rows that nobody has mended. Needs `register`,
    `roster`, `lone_traders`, `identified`, `unrepaired`, `links`. A row is known by its whole number, by the digits
    that its number still shows, or by its name where it has no number; `elsewhere` : its number shows that it is of
    nobody here.
    """
    connection.register("unread_rows", unread)
    for statement in sql("link", "unread").format(adverse=ADVERSE).split(";\n"):
        if statement.strip():
            connection.execute(statement, {"most": CANDIDATES_AT_MOST} if "$most" in statement else None)
    return connection.sql("FROM unread_counts ORDER BY contract").to_arrow_table()
