"""The analysts' warehouse, opened to read: by whoever may read the store, without its keys."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from village_credit import duckdb_session
from village_credit.errors import MissingInput
from village_credit.publish.warehouse import FILE
from village_credit.settings import settings

ANY_RUN = "SELECT count(*) FROM runs"
OURS = "SELECT count(*) FROM duckdb_views() WHERE schema_name = 'main' AND view_name = 'runs'"
AGAIN = "any command of village-credit on that store writes it anew"


def open_warehouse(path: Path | str | None = None) -> duckdb.DuckDBPyConnection:
    """Return a read-only connection to the views of a store's folder, or of its warehouse file (default: settings').

    Raises MissingInput, and says which: no store, views not built yet or gone, a file that is not readable, damaged or
    none of ours, and views whose store was moved or is of another version.
    """
    place = settings().store if path is None else Path(path)
    file = place / FILE if place.is_dir() else place
    if not file.is_file():
        raise MissingInput(_why_not_there(place))
    if not os.access(file, os.R_OK):
        raise MissingInput(f"{file} is not yours to read: ask who keeps the store for the right to read it")
    try:
        connection = duckdb_session.connect(str(file), read_only=True)
    except duckdb.Error:
        raise MissingInput(
            f"{file} cannot be opened: it is no warehouse, or damaged, or a program has it open to write; close "
            f"that, or take the file away: {AGAIN}"
        ) from None
    try:
        connection.execute(ANY_RUN).fetchall()
    except duckdb.Error:
        why = _why_unread(connection, file)
        connection.close()
        raise MissingInput(why) from None
    return connection


def _why_not_there(place: Path) -> str:
    """Say why there is no warehouse at a path, by what lies there."""
    if place.name == FILE and place.parent.is_dir():
        return _why_not_there(place.parent)
    if not place.is_dir():
        return f"there is no store in {place}: check the path, --store or VILLAGE_CREDIT_STORE"
    if not (place / "ledger").is_dir():
        return (
            f"{place} is no store: it has neither a ledger nor {FILE}; check the path, --store or VILLAGE_CREDIT_STORE"
        )
    if any((place / "runs").glob("r*")):
        return f"{FILE} is gone from the store in {place}: {AGAIN}"
    return f"the store in {place} has no run, so no {FILE} yet: the first `village-credit score` builds it"


def _why_unread(connection: duckdb.DuckDBPyConnection, file: Path) -> str:
    """Say why the views of an opened file cannot be read: they are not ours, or not of this place and version."""
    ((ours,),) = connection.execute(OURS).fetchall()
    if not ours:
        return f"{file} is a database, and no warehouse of village-credit: it has none of its views; check the path"
    return f"the views of {file} cannot be read: the store was moved, or is of another version; {AGAIN}"
