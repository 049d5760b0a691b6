"""DuckDB connections: a database of its own, or a few queries over tables in memory without the price of one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from village_credit.errors import UsageError

QUOTE = "'"
THREADS = "VILLAGE_CREDIT_THREADS"
MOST_THREADS = 1024  # each takes memory of its own before it does anything


def connect(
    database: str = ":memory:", *, read_only: bool = False, config: Mapping[str, Any] | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a database of its own, in memory or a file.

    It works on as many threads as VILLAGE_CREDIT_THREADS says, else on all cores. Raises UsageError where that is no
    whole number from 1 to `MOST_THREADS`.
    """
    return duckdb.connect(database, read_only=read_only, config={**(config or {}), **_threads(), **_SPILL})  # noqa: TID251  # the one place


# Nowhere: a query that does not fit into memory ends, rather than write rows in the clear.
_SPILL = {"temp_directory": ""}


def spill_into(folder: str) -> None:
    """Let queries write what they cannot hold in memory below a private folder; DuckDB makes it, and takes it away."""
    _SPILL["temp_directory"] = folder
    if _shared.cache_info().currsize:
        with suppress(duckdb.Error):  # it keeps the private folder that it has written to
            _shared().execute(f"SET GLOBAL temp_directory = '{folder.replace(QUOTE, QUOTE * 2)}'")


def _threads() -> dict[str, str]:
    said = os.environ.get(THREADS, "")
    if said and not (said.isascii() and said.isdigit() and len(said) <= 4 and 0 < int(said) <= MOST_THREADS):
        raise UsageError(
            f"{THREADS} is {said[:20]!r}: give a whole number from 1 to {MOST_THREADS}, or nothing for all cores"
        )
    return {"threads": said} if said else {}


@cache
def _shared() -> duckdb.DuckDBPyConnection:
    return connect()


# A child process must not use its parent's database.
os.register_at_fork(after_in_child=_shared.cache_clear)


def query_cursor() -> duckdb.DuckDBPyConnection:
    """Return a connection that sees only the tables registered on it: to register and to select.

    What it creates is TEMP, its own. A database of its own costs some twenty milliseconds and a scoring asks a hundred
    times: where more is created or set, use `connect`.
    """
    return _shared().cursor()


def cursor_over(tables: Mapping[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    """Return a `query_cursor` that sees tables under their names."""
    connection = query_cursor()
    for name, table in tables.items():
        connection.register(name, table)
    return connection
