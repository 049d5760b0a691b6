"""The analysts' views: a file each in `sql/views`, what a row is on its first line.

A comment with its unit for every column.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from village_credit.catalogue import run_tables
from village_credit.sql_files import sql

OF_OLDER_RUNS = "A column of runs sealed by older code; no run of today fills it"


@cache
def view_names() -> tuple[str, ...]:
    """Name the analysts' views, sorted."""
    folder = resources.files("village_credit.publish").joinpath("sql/views")
    return tuple(sorted(item.name.removesuffix(".sql") for item in folder.iterdir() if item.name.endswith(".sql")))


def view_sql(name: str) -> str:
    """Return a view's query; what it reads stands in the schema `inner`."""
    return sql("publish", f"views/{name}")


def view_comment(name: str) -> str:
    """Say what one row of a view is."""
    return view_sql(name).split("\n", 1)[0].removeprefix("-- ")


def tables_read(name: str) -> list[str]:
    """Name the inner relations that a view reads, in the order of its query."""
    return list(dict.fromkeys(re.findall(r'"inner"\.(\w+)', view_sql(name))))


def column_comment(view: str, column: str) -> str:
    """Say what a view's column holds, with its unit: the view's own word, else that of the run's table that it reads.

    A column that only an older run's table has is said to be one: it is no reason to have no warehouse.
    """
    own = _columns().get(view, {}).get(column)
    if own is not None:
        return own
    for name in tables_read(view):
        if name in run_tables() and column in run_tables()[name].columns:
            return run_tables()[name].columns[column].comment
    return _columns()["every"].get(column, OF_OLDER_RUNS)


@cache
def _columns() -> dict[str, dict[str, str]]:
    text = resources.files("village_credit.publish").joinpath("columns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
