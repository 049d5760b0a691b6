"""Village names become codes by the land register's issuers, within the row's township or the file's."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from village_credit.link.divisions import create_divisions
from village_credit.sql_files import sql

PLACES = sql("link", "places")

RESOLVED = sql("link", "villages_resolved")


def create_places(connection: duckdb.DuckDBPyConnection, issuers: pa.Table, own: Mapping[str, str]) -> None:
    """Make `places` (village_code, township_code, township_name, village_name) from accepted issuers.

    The county's own list says which villages there are: none is published any more. `own`: see divisions.area_aliases.
    """
    create_divisions(connection, own)
    connection.register("issuers", issuers)
    connection.execute(PLACES)


def resolve_villages(connection: duckdb.DuckDBPyConnection, hints: pa.Table) -> None:
    """Make `resolved_villages` for the texts in `people`; `hints`: source_id, place_hint."""
    connection.register("hints", hints)
    connection.execute(RESOLVED)
