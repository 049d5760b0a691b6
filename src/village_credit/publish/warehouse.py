"""Runs and ledger become `warehouse.duckdb`: views only, built beside the old one and moved over it.

It is derived and disposable: whatever is wrong with the file that lies there, it is built anew.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from village_credit import duckdb_session
from village_credit.code_version import FORMATS, code_sha256
from village_credit.errors import VerificationFailed
from village_credit.ledger.ledger import STAGE, Ledger
from village_credit.ledger.log import head
from village_credit.publish.inner_views import INNER, derived_views, inner_views, no_inner_views, quoted
from village_credit.publish.views import column_comment, tables_read, view_comment, view_names, view_sql
from village_credit.sql_files import sql
from village_credit.store.store import Store
from village_credit.store.whole_files import locked

FOR_CLIENTS_OF_1X: dict[str, str | bool | int | float | list[str]] = {
    "storage_compatibility_version": "v1.0.0"
}  # else no DuckDB 1.x opens the file
LOG, FILE = logging.getLogger(__name__), "warehouse.duckdb"
LOCK = ".warehouse.lock"  # holds the hash of what was built last, of what, and where
OPEN_TO_READ = 0o444  # a client that would write is refused: what it wrote, the next act would drop
COUNTED = "SELECT count(*) FROM duckdb_views() WHERE NOT internal"
MOST_TRIES = 3  # where others go on acting, what was built last is still newer than what lies there


def build_warehouse(store: Store) -> Path | None:
    """Build the warehouse from what is sealed and published; None while there is no run, or where it cannot be written.

    It is derived from runs and ledger and no act hangs on it: what fails here is told, and the next command tries
    again. A run whose manifest is damaged leaves the old file: figures without it would be others.
    """
    try:
        with locked(store.root / LOCK, alone=True):
            return _built(store)
    except (OSError, duckdb.Error, VerificationFailed) as error:
        is_told = isinstance(error, VerificationFailed)
        why = str(error) if is_told else getattr(error, "strerror", None) or type(error).__name__
        LOG.warning("the analysts' views are not up to date: %s (%s); the next command tries again", FILE, why)
        return None


def _built(store: Store) -> Path | None:
    """Make the file beside its place and put it there, whoever has the old one open.

    One process builds at a time, of the ledger as it then is: what lies there is never older than what it replaced.
    What a killed one left beside is swept.
    """
    for stray in store.root.glob(".warehouse.*.duckdb*"):
        stray.unlink(missing_ok=True)
    beside = store.root / f".warehouse.{secrets.token_hex(4)}.duckdb"
    try:
        made_of = _filled(beside, store)
        if made_of is None:
            return None
        beside.chmod(OPEN_TO_READ)
        _note(store, beside, made_of)
        _log_of(store.warehouse).unlink(missing_ok=True)  # of the old file: over the new one it would be replayed
        beside.replace(store.warehouse)
    finally:
        beside.unlink(missing_ok=True)
        _log_of(beside).unlink(missing_ok=True)
    return store.warehouse


def _filled(beside: Path, store: Store) -> str | None:
    """Fill a file of the ledger's last entry, and return what it is made of; None while there is no run."""
    for _ in range(MOST_TRIES):
        made_of, ledger = _made_of(store), Ledger.of(store)
        staged = {entry.run_id for entry in ledger if entry.act == STAGE}
        runs = [run_id for run_id in store.run_ids() if run_id in staged]
        if not runs:
            return None
        beside.unlink(missing_ok=True)
        _fill(beside, *inner_views(store, ledger, runs), made_of)
        if made_of == _made_of(store):
            break
    return made_of


def _fill(beside: Path, inner: dict[str, str], are_of_today: bool, made_of: str) -> None:
    """Make the inner views and what reads them; raises duckdb.Error where not all of it is in the file afterwards.

    Where all runs have today's columns, the analysts' views and the comments of every column, whose making costs more
    than all else, come ready from a file without a run, and what has no row stands there as it is.
    """
    if are_of_today:
        beside.write_bytes(_without_runs())
        empty = no_inner_views()
        inner = {name: query for name, query in inner.items() if query != empty[name]}
    connection = duckdb_session.connect(str(beside), config=FOR_CLIENTS_OF_1X)
    try:
        connection.begin()  # hundreds of comments: one commit, not one each
        _create(connection, inner, with_views=not are_of_today)
        said = quoted(f"{view_comment('runs')}; {made_of}")
        connection.execute(f"COMMENT ON VIEW runs IS {said}")
        made = connection.execute(COUNTED).fetchall()
        connection.commit()
        connection.execute("CHECKPOINT")  # closing does so too, and says nothing where the disk is full
    finally:
        connection.close()
    if _asked(beside, COUNTED) != made or _log_of(beside).exists():
        raise duckdb.IOException(f"{FILE} was not written whole")


@cache
def _without_runs() -> bytes:
    """Return a warehouse as it is before the first run, which the next one is filled from."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / FILE
        _fill(file, no_inner_views(), False, "no run")
        return file.read_bytes()


def empty_warehouse() -> duckdb.DuckDBPyConnection:
    """Return a warehouse in memory as it is before the first run: every view, no row.

    What its columns are can be asked.
    """
    connection = duckdb_session.connect()
    _create(connection, no_inner_views(), with_views=True)
    return connection


def _create(connection: duckdb.DuckDBPyConnection, inner: dict[str, str], *, with_views: bool) -> None:
    """Make the views of `inner`, what the analysts' read; and those, where they are not there yet."""
    connection.execute('CREATE SCHEMA IF NOT EXISTS "inner"')
    for name, query in inner.items():
        connection.execute(f"CREATE OR REPLACE VIEW {INNER}{name} AS {query}")
    if with_views:
        _create_views(connection, set(inner))
        _comment_all(connection)


def _create_views(connection: duckdb.DuckDBPyConnection, made: set[str]) -> None:
    """Make the analysts' views whose inner relations there are; a run may have been sealed before there was a table."""
    for name, query in derived_views(made).items():
        connection.execute(f"CREATE VIEW {INNER}{name} AS {query}")
        made.add(name)
    for name in view_names():
        if made.issuperset(tables_read(name)):
            connection.execute(f"CREATE VIEW {name} AS {view_sql(name)}")


def _comment_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Say of every view of the analysts what it is, and of every column its unit.

    As one script, for there are hundreds. That of `runs` will name the ledger's head and the code.
    """
    columns = connection.execute(sql("publish", "warehouse_columns")).fetchall()
    views = dict.fromkeys(name for name, _, _ in columns)
    lines = [f"COMMENT ON VIEW {view} IS {quoted(view_comment(view))};" for view in views]
    lines += [
        f'COMMENT ON COLUMN {view}."{column}" IS {quoted(column_comment(view, column))};' for view, column, _ in columns
    ]
    connection.execute("\n".join(lines))


def _log_of(database: Path) -> Path:
    """Return where DuckDB keeps what a client wrote and has not yet put into the file."""
    return database.with_name(f"{database.name}.wal")


def _made_of(store: Store) -> str:
    return f"ledger head {head(store.ledger_folder)}; code {code_sha256()[:12]}; format {FORMATS['warehouse']}"


def _place(store: Store) -> str:
    """Return where a store lies, for the views read its files by their whole paths."""
    return str(store.root.resolve())


def is_as_built(store: Store) -> bool:
    """Tell whether the warehouse has the bytes that were built: no client wrote into it, no disk lost one."""
    if not store.warehouse.is_file() or _log_of(store.warehouse).exists():
        return False
    hash_of_all, *told = _noted(store)
    return hash_of_all == _hash_of(store.warehouse, *told)


def is_current(store: Store) -> bool:
    """Tell whether the warehouse was built by this code, from the ledger's last entry, and lies where it was built.

    One that a client has written to, or a disk has damaged, is not: whatever it is, it is built anew.
    """
    return is_as_built(store) and _noted(store)[1:] == [_made_of(store), _place(store)]


def _noted(store: Store) -> list[str]:
    """Return what the last build noted: the hash of all, what it was made of, and where; empty where there is none."""
    try:
        found = (store.root / LOCK).read_text(encoding="utf-8").split("\n", maxsplit=2)
    except (OSError, UnicodeDecodeError):
        found = []
    return [*found, "", "", ""][:3]


def _note(store: Store, built: Path, made_of: str) -> None:
    told = [made_of, _place(store)]
    (store.root / LOCK).write_text("\n".join([_hash_of(built, *told), *told]), encoding="utf-8")


def _hash_of(database: Path, made_of: str, place: str) -> str:
    """Return the hash of a warehouse's bytes and of what is noted of it."""
    with database.open("rb") as file:
        bytes_of_file = hashlib.file_digest(file, "sha256")
    bytes_of_file.update(f"{made_of}\n{place}".encode())
    return bytes_of_file.hexdigest()


def _asked(database: Path, query: str) -> list[tuple[Any, ...]]:
    connection = duckdb_session.connect(str(database), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
