"""Codes of counties that were renamed or merged become today's; a household keeps the code it is registered under.

`county_aliases.csv`: county codes of the region's past and today's, as of April 2026 (data_location, MIT). Only the
county's six digits change: what a merger did to townships and villages, no list tells.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import duckdb
import pyarrow as pa

CURRENT_AREA = """
CREATE OR REPLACE MACRO current_area(code) AS
    coalesce((SELECT current_code FROM county_aliases WHERE old_code = left(code, 6)), left(code, 6)) || substr(code, 7)
"""
# A code of another time names the registered household of that place, where one and no second is registered.
RESOLVED = """
SELECT t.* REPLACE (coalesce(exact.contractor_code, renamed.contractor_code, t.{column}) AS {column})
FROM t LEFT JOIN registered AS exact ON exact.contractor_code = t.{column}
LEFT JOIN (SELECT current_area(contractor_code) AS current_code, min(contractor_code) AS contractor_code FROM registered
           GROUP BY ALL HAVING count(*) = 1) AS renamed ON renamed.current_code = current_area(t.{column})
ORDER BY t.row_id
"""
CURRENT = "SELECT * REPLACE (current_area({column}) AS {column}) FROM t ORDER BY row_id"
HOUSEHOLD_CODES = (
    ("land_member", "contractor_code"),
    ("land_parcel", "contractor_code"),
    ("land_transfer", "contractor_code"),
    ("land_transfer", "lessee_code"),
)
AREA_CODES = (("branch", "township_code"), ("legal_basis", "area_code"))


@cache
def county_aliases() -> pa.Table:
    """Give old_code and current_code."""
    text = resources.files("village_credit.link").joinpath("county_aliases.csv").read_text(encoding="utf-8")
    return pa.Table.from_pylist(list(csv.DictReader(text.splitlines())))


def create_divisions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macro current_area(code): a code of 6 to 19 digits with today's county."""
    connection.register("county_aliases", county_aliases())
    connection.execute(CURRENT_AREA)


def with_current_codes(settled: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Give the settled tables with places under today's codes and households under their registered ones."""
    connection = duckdb.connect()
    create_divisions(connection)
    connection.register("registered", settled["land_contractor"].select(["contractor_code"]))
    made = dict(settled)
    for query, columns in ((RESOLVED, HOUSEHOLD_CODES), (CURRENT, AREA_CODES)):
        for contract, column in columns:
            connection.register("t", made[contract])
            made[contract] = connection.sql(query.format(column=column)).to_arrow_table()
    return made
