"""Village names become codes by the land register's issuers, within the row's township or the file's."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from village_credit.link.divisions import create_divisions
from village_credit.sql_files import sql

PLACES = sql("link", "places")

RESOLVED = sql("link", "villages_resolved")


def create_places(connection: duckdb.DuckDBPyConnection, issuers: pa.Table) -> None:
    """Make `places` (village_code, township_code, township_name, village_name) from accepted issuers."""
    create_divisions(connection)
    connection.register("issuers", issuers)
    connection.execute(PLACES)


def resolve_villages(connection: duckdb.DuckDBPyConnection, hints: pa.Table) -> None:
    """Make `resolved_villages` for the texts in `people`; `hints`: source_id, place_hint."""
    connection.register("hints", hints)
    connection.execute(RESOLVED)
