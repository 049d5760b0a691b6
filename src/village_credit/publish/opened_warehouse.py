"""The analysts' warehouse, opened to read: by whoever may read the store, without its keys."""

from __future__ import annotations

from pathlib import Path

import duckdb

from village_credit import duckdb_session
from village_credit.errors import MissingInput
from village_credit.publish.warehouse import FILE
from village_credit.settings import settings

ANY_RUN = "SELECT count(*) FROM runs"


def open_warehouse(path: Path | str | None = None) -> duckdb.DuckDBPyConnection:
    """Return a read-only connection to the views of a store's folder, or of its warehouse file (default: settings').

    Raises MissingInput where there is no store, where its views were not built yet, and where they cannot be read.
    """
    place = settings().store if path is None else Path(path)
    file = place / FILE if place.is_dir() else place
    if not place.exists():
        raise MissingInput(f"there is no store in {place}: check the path, --store or VILLAGE_CREDIT_STORE")
    if not file.is_file():
        raise MissingInput(f"{place} has no {FILE}: the first act (`village-credit score`) builds it; check the path")
    again = "any command of village-credit on that store writes it anew"
    try:
        connection = duckdb_session.connect(str(file), read_only=True)
    except duckdb.Error:
        raise MissingInput(f"{file} cannot be opened: it is no warehouse, or not yours to read; {again}") from None
    try:
        connection.execute(ANY_RUN).fetchall()
    except duckdb.Error:
        connection.close()
        raise MissingInput(
            f"the views of {file} cannot be read: the store was moved, or is of another version; {again}"
        ) from None
    return connection
