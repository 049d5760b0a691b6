"""A DuckDB connection for a few queries over tables in memory, without the price of a database of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

import duckdb
import pyarrow as pa


@cache
def _shared() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


# A child process must not use its parent's database.
os.register_at_fork(after_in_child=_shared.cache_clear)


def query_cursor() -> duckdb.DuckDBPyConnection:
    """Return a connection that sees only the tables registered on it: to register and to select, never to create.

    A database of its own costs some ten milliseconds and a scoring asks a hundred times: where something is created
    or set, use `duckdb.connect()`.
    """
    return _shared().cursor()


def cursor_over(tables: Mapping[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    """Return a `query_cursor` that sees tables under their names."""
    connection = query_cursor()
    for name, table in tables.items():
        connection.register(name, table)
    return connection
