"""DuckDB connections: a database of its own, or a few queries over tables in memory without the price of one."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from types import MappingProxyType
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
    for database in _databases.values():
        with suppress(duckdb.Error):  # it keeps the private folder that it has written to
            database.execute(f"SET GLOBAL temp_directory = '{folder.replace(QUOTE, QUOTE * 2)}'")


def _threads() -> dict[str, str]:
    said = os.environ.get(THREADS, "")
    if said and not (said.isascii() and said.isdigit() and len(said) <= 4 and 0 < int(said) <= MOST_THREADS):
        raise UsageError(
            f"{THREADS} is {said[:20]!r}: give a whole number from 1 to {MOST_THREADS}, or nothing for all cores"
        )
    return {"threads": said} if said else {}


# Databases that many connections share, by what is set in them.
_databases: dict[tuple[tuple[str, str], ...], duckdb.DuckDBPyConnection] = {}
_numbers = count()
# A child process must not use its parent's database.
os.register_at_fork(after_in_child=_databases.clear)


def _shared(settings: Mapping[str, str] = MappingProxyType({})) -> duckdb.DuckDBPyConnection:
    """Return a connection to the database that all share who ask for the same settings."""
    key = tuple(sorted(settings.items()))
    if key not in _databases:
        _databases.setdefault(key, connect(config=dict(settings)))
    return _databases[key].cursor()


def query_cursor() -> duckdb.DuckDBPyConnection:
    """Return a connection that sees only the tables registered on it: to register and to select.

    What it creates is TEMP, its own. A database of its own costs some twenty milliseconds and a scoring asks a hundred
    times: where tables, views and macros are created, use `own_tables`; where functions are, use `connect`.
    """
    return _shared()


def own_tables(
    settings: Mapping[str, str] = MappingProxyType({}), row_group_rows: int = 0
) -> duckdb.DuckDBPyConnection:
    """Return a connection whose tables, views and macros are its own, and go with it: for a millisecond, not twenty.

    `settings`: what is set in the database that it shares with others of the same. Functions in Python would be
    everybody's: who makes one opens a database of his own. `row_group_rows`: how its tables are laid out.
    """
    connection = _shared(settings)
    name = f"own_{next(_numbers)}"
    layout = f"(ROW_GROUP_SIZE {row_group_rows})" if row_group_rows else ""
    connection.execute(f"ATTACH ':memory:' AS {name} {layout}; USE {name}")
    weakref.finalize(connection, _detach, settings, name, os.getpid()).atexit = False
    return connection


def _detach(settings: Mapping[str, str], name: str, process: int) -> None:
    """Give back what a connection's tables held; a child process has none of its parent's."""
    if process == os.getpid():
        with suppress(duckdb.Error):
            _shared(settings).execute(f"DETACH {name}")


def cursor_over(tables: Mapping[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    """Return a `query_cursor` that sees tables under their names."""
    connection = query_cursor()
    for name, table in tables.items():
        connection.register(name, table)
    return connection
