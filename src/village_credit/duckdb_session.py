"""DuckDB connections: a database of its own, or a few queries over tables in memory without the price of one."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from itertools import count
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa

from village_credit.errors import UsageError

QUOTE, TEXT = "'", "VARCHAR"
THREADS, MEMORY = "VILLAGE_CREDIT_THREADS", "VILLAGE_CREDIT_MEMORY_MB"
LEAST_MEMORY, MOST_MEMORY = 256, 4_194_304  # MiB; a count of distinct things is held whole, and spills in no DuckDB
ROWS_AT_ONCE = 122_880  # of a result that is narrowed as it comes
MOST_THREADS = 1024  # each takes memory of its own before it does anything


def connect(
    database: str = ":memory:", *, read_only: bool = False, config: Mapping[str, Any] | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a database of its own, in memory or a file.

    It works on as many threads as VILLAGE_CREDIT_THREADS says, else on all cores, and where it may spill it holds what
    `_memory` says. Raises UsageError where either is no whole number of its range.
    """
    memory = {"memory_limit": _memory()}
    set_here = {**(config or {}), **_threads(), **_SPILL, **(memory if _SPILL["temp_directory"] else {})}
    return duckdb.connect(database, read_only=read_only, config=set_here)  # noqa: TID251  # the one place


# Nowhere: a query that does not fit into memory ends, rather than write rows in the clear.
_SPILL = {"temp_directory": ""}


def spill_into(folder: str) -> None:
    """Let queries write what they cannot hold in memory below a private folder; DuckDB makes it, and takes it away."""
    memory = _memory()
    _SPILL["temp_directory"] = folder
    for database in list(_databases.values()):
        apart = database.cursor()  # another thread may be in the midst of the same
        with suppress(duckdb.Error):  # it keeps the private folder that it has written to
            apart.execute(f"SET GLOBAL temp_directory = '{folder.replace(QUOTE, QUOTE * 2)}'")
        apart.execute(f"SET GLOBAL memory_limit = '{memory}'")


def _threads() -> dict[str, str]:
    said = _whole_number(THREADS, 1, MOST_THREADS, "all cores")
    return {"threads": said} if said else {}


def _memory() -> str:
    """Say what the queries of one database hold before they spill.

    A scoring has two databases at most at work, and holds about as much again in tables of its own: a quarter of what
    the machine or its container has leaves room for all of them.
    """
    said = _whole_number(MEMORY, LEAST_MEMORY, MOST_MEMORY, "a quarter of the machine's memory")
    return f"{said}MiB" if said else "25%"


def _whole_number(name: str, least: int, most: int, otherwise: str) -> str:
    said = os.environ.get(name, "")
    if said and not (said.isascii() and said.isdigit() and len(said) <= len(str(most)) and least <= int(said) <= most):
        raise UsageError(
            f"{name} is {said[:20]!r}: give a whole number from {least} to {most}, or nothing for {otherwise}"
        )
    return said


# Databases that many connections share, by what is set in them.
_databases: dict[tuple[tuple[str, str], ...], duckdb.DuckDBPyConnection] = {}
_numbers = count()
# Functions in Python that connections have for themselves, by the number under which the shared database asks them.
_functions: dict[int, Callable[[str], str]] = {}
# A child process must not use its parent's database.
os.register_at_fork(after_in_child=_databases.clear)


def _shared(settings: Mapping[str, str] = MappingProxyType({})) -> duckdb.DuckDBPyConnection:
    """Return a connection to the database that all share who ask for the same settings."""
    key = tuple(sorted(settings.items()))
    if key not in _databases:
        database = connect(config=dict(settings))
        database.create_function("asked_of", lambda number, text: _functions[number](text), ["BIGINT", "VARCHAR"], TEXT)
        _databases.setdefault(key, database)
    return _databases[key].cursor()


def query_cursor() -> duckdb.DuckDBPyConnection:
    """Return a connection that sees only the tables registered on it: to register and to select.

    What it creates is TEMP, its own. A database of its own costs some twenty milliseconds and a scoring asks a hundred
    times: where tables, views and macros are created, use `own_tables`.
    """
    return _shared()


def own_tables(
    settings: Mapping[str, str] = MappingProxyType({}), row_group_rows: int = 0
) -> duckdb.DuckDBPyConnection:
    """Return a connection whose tables, views and macros are its own, and go with it: for a millisecond, not twenty.

    `settings`: what is set in the database that it shares with others of the same. A function in Python would be
    everybody's: see `own_function`. `row_group_rows`: how its tables are laid out.
    """
    connection = _shared(settings)
    name = f"own_{next(_numbers)}"
    layout = f"(ROW_GROUP_SIZE {row_group_rows})" if row_group_rows else ""
    connection.execute(f"ATTACH ':memory:' AS {name} {layout}; USE {name}")
    weakref.finalize(connection, _detach, settings, name, os.getpid()).atexit = False
    return connection


def own_function(connection: duckdb.DuckDBPyConnection, name: str, function: Callable[[str], str]) -> None:
    """Make a function from text to text that one connection of `own_tables` knows, and that goes with it."""
    number = next(_numbers)
    _functions[number] = function
    connection.execute(f"CREATE MACRO {name}(text) AS asked_of({number}, text)")
    weakref.finalize(connection, _functions.pop, number, None).atexit = False


def _detach(settings: Mapping[str, str], name: str, process: int) -> None:
    """Give back what a connection's tables held; a child process has none of its parent's."""
    if process == os.getpid():
        with suppress(duckdb.Error):
            _shared(settings).execute(f"DETACH {name}")


def with_few_texts(rows: duckdb.DuckDBPyRelation, names: Collection[str]) -> pa.Table:
    """Return a query's rows with the texts of some columns kept once each, and where they stand.

    `names`: columns of few texts over many rows. They are never held at full width: rows come in batches. To whoever
    asks the table by SQL the columns are texts, and so they are in the file that is written of it.
    """
    reader = rows.to_arrow_reader(ROWS_AT_ONCE)
    kinds = [
        pa.field(each.name, pa.dictionary(pa.int32(), each.type)) if each.name in names else each
        for each in reader.schema
    ]
    batches = [_encoded(batch, names) for batch in reader]
    return pa.Table.from_batches(batches, pa.schema(kinds)).unify_dictionaries()


def _encoded(batch: pa.RecordBatch, names: Collection[str]) -> pa.RecordBatch:
    """Encode some columns and copy the others: of what DuckDB hands over, one column that is kept keeps them all."""
    columns = [
        column.dictionary_encode() if name in names else pa.concat_arrays([column, column[:0]])
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.record_batch(columns, batch.schema.names)


def cursor_over(tables: Mapping[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    """Return a `query_cursor` that sees tables under their names."""
    connection = query_cursor()
    for name, table in tables.items():
        connection.register(name, table)
    return connection
