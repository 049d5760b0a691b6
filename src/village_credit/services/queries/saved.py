"""The questions that a manager asks: a query of one view each, shipped as a file of `sql/saved`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import duckdb
import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.errors import UsageError
from village_credit.publish.views import column_comment, view_names
from village_credit.services.queries.few import few_of, without_few
from village_credit.sql_files import sql

OF_COUNTIES = "FROM answer WHERE $counties IS NULL OR list_contains($counties::VARCHAR[], county_code)"
SAID = re.compile(r"^-- (\w+): (.+)$", re.MULTILINE)
CODES = {  # parts of a place's code
    "county_code": "County, 6 digits of GB/T 2260",
    "township_code": "Township, 9 digits",
    "village_code": "Village, 12 digits; 000 at the end: households of no village",
}


@dataclass(frozen=True)
class Saved:
    """A saved query: its name, what it is called, what one row of it is, and the one view that it asks."""

    name: str
    title: str
    grain: str
    view: str


@cache
def saved_queries() -> tuple[Saved, ...]:
    """Return every saved query, by name."""
    folder = resources.files("village_credit.services.queries").joinpath("sql/saved")
    names = sorted(item.name.removesuffix(".sql") for item in folder.iterdir() if item.name.endswith(".sql"))
    return tuple(Saved(name, _said(name)["title"], _grain(name), _view(name)) for name in names)


def _text(name: str) -> str:
    return sql("services.queries", f"saved/{name}")


def _grain(name: str) -> str:
    return _text(name).split("\n", 1)[0].removeprefix("-- ")


def _said(name: str) -> dict[str, str]:
    """Return what a query's file says below its first line: its title, and of columns that its view has not."""
    return dict(SAID.findall(_text(name)))


def _view(name: str) -> str:
    """Name the view that a query asks: no other word after FROM is one."""
    return str(next(word for word in re.findall(r"\bFROM (\w+)", _text(name)) if word in view_names()))


def meaning(query: Saved, column: str) -> str:
    """Say what a column of an answer holds, with its unit: the query's own word, else the view's."""
    own = _said(query.name).get(column) or CODES.get(column)
    return own or column_comment(query.view, column)


def saved_query(name: str) -> Saved:
    """Return a saved query; raises UsageError where there is none of that name."""
    found = next((one for one in saved_queries() if one.name == name), None)
    if found is None:
        raise UsageError(f"there is no saved query {name[:40]!r}: `village-credit query --list` names them")
    return found


def ask_once(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Keep what the saved queries' views say now, for this connection alone: to ask many of them, each view once."""
    for view in sorted({query.view for query in saved_queries()}):
        warehouse.execute(f"CREATE TEMP TABLE {view} AS FROM main.{view}").fetchall()


def answer(warehouse: duckdb.DuckDBPyConnection, name: str, counties: Sequence[str] = ()) -> pa.Table:
    """Ask a saved query of the analysts' views, of some counties or of all.

    Raises UsageError where there is none of that name.
    """
    found = warehouse.sql(_text(saved_query(name).name)).to_arrow_table()
    few = few_of(_said(name))
    connection = query_cursor()
    connection.register("answer", found if few is None else without_few(found, few))
    return connection.sql(OF_COUNTIES, params={"counties": list(counties) or None}).to_arrow_table()


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return an answer's rows with plain numbers: whole yuan as whole numbers, fen as decimals of a yuan."""
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
