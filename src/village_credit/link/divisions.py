"""Codes of places that were renamed, merged or split become today's; a household keeps the code it is registered under.

`county_aliases.csv`: county codes of the region's past and today's, as of April 2026 (data_location, MIT). What a
merger or a split did to townships and villages no public list tells: a county's own terms do. `area_codes.csv`: every
county code ever issued (the same source).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from village_credit.duckdb_session import query_cursor
from village_credit.sql_files import sql
from village_credit.texts import combined

CURRENT_AREA = sql("link", "current_area")
RESOLVED = sql("link", "resolved")
CURRENT = "SELECT * REPLACE (current_area({column}) AS {column}) FROM t ORDER BY row_id"
HOUSEHOLD_CODES = (
    ("land_member", "contractor_code"),
    ("land_parcel", "contractor_code"),
    ("land_transfer", "contractor_code"),
    ("land_transfer", "lessee_code"),
    ("contractor_change", "new_code"),
)
AREA_CODES = (("branch", "township_code"), ("legal_basis", "area_code"), ("campaign_plan", "county_code"))


def _read(file_name: str) -> pa.Table:
    text = resources.files("village_credit.link").joinpath(file_name).read_text(encoding="utf-8")
    return pa.Table.from_pylist(list(csv.DictReader(text.splitlines())))


@cache
def county_aliases() -> pa.Table:
    """Return old_code and current_code."""
    return _read("county_aliases.csv")


def unissued_area_share(people: pa.Table) -> float | None:
    """Return the share of whole ID numbers that begin with a code no county ever had; none without a number.

    A warning only: people are born anywhere, and a list of codes is never complete.
    """
    connection = query_cursor()
    connection.register("people", people)
    connection.register("area_codes", _read("area_codes.csv"))
    query = sql("link", "unissued_area_share")
    ((share,),) = connection.execute(query).fetchall()
    return None if share is None else float(share)


def area_aliases(own: Mapping[str, str]) -> pa.Table:
    """Return old_code and current_code of counties, and of what a county's terms name beside them (which counts)."""
    public = county_aliases()
    kept = public.filter(pc.invert(pc.is_in(public.column("old_code"), pa.array(own, pa.string()))))
    added = {"old_code": pa.array(own, pa.string()), "current_code": pa.array(own.values(), pa.string())}
    return pa.concat_tables([kept, pa.table(added)])


def create_divisions(connection: duckdb.DuckDBPyConnection, own: Mapping[str, str]) -> None:
    """Make the macro current_area(code): a code of 6 to 19 digits in today's places; `own`: see area_aliases."""
    connection.register("area_aliases", area_aliases(own))
    connection.execute(CURRENT_AREA)


def _under_registered_codes(connection: duckdb.DuckDBPyConnection, rows: pa.Table, column: str) -> pa.Table:
    """Return rows with codes of another time in a column replaced; needs `registered` and `renamed`."""
    connection.register("t", rows)
    mapped = connection.sql(RESOLVED.format(column=column)).to_arrow_table()
    if not mapped.num_rows:
        return rows
    codes = rows.column(column)
    found = mapped.column("contractor_code").take(pc.index_in(codes, combined(mapped.column("code"))))
    return rows.set_column(rows.column_names.index(column), column, pc.coalesce(found, codes))


def with_current_codes(settled: dict[str, pa.Table], own: Mapping[str, str]) -> dict[str, pa.Table]:
    """Return the settled tables with places under today's codes and households under their registered ones.

    `own`: see area_aliases.
    """
    connection = query_cursor()
    create_divisions(connection, own)
    registered = settled["land_contractor"].select(["contractor_code"])
    connection.register("registered", registered)
    connection.execute(sql("link", "renamed"))
    made = dict(settled)
    for contract, column in HOUSEHOLD_CODES:
        made[contract] = _under_registered_codes(connection, made[contract], column)
    for contract, column in AREA_CODES:
        if made[contract].num_rows:
            connection.register("t", made[contract])
            made[contract] = connection.sql(CURRENT.format(column=column)).to_arrow_table()
    return made
