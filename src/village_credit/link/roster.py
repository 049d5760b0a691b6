"""The land register becomes the roster: one household per contractor code, its members, their ID numbers."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

from village_credit.link.names import agreement
from village_credit.sql_files import sql

PLACEHOLDER = "99999999999999%"  # unassigned land in NY/T 2539 deliveries
HOUSEHOLD_TYPE = "1"
LEFT_HOUSEHOLD = "分户|迁出|移出|户口迁"  # what CYBZSM says of a member marked 其他 who lives in the household no more

HOUSEHOLDS = sql("link", "roster_households")

MEMBERS = sql("link", "roster_members")


SHARED_NUMBERS = sql("link", "shared_numbers").format(agreement_a_b=agreement("a", "b"))
SETTLED_ROSTER = sql("link", "settled_roster")

SHARED_PARCELS = sql("link", "shared_parcels")
FINDINGS = sql("link", "findings")


def create_roster(connection: duckdb.DuckDBPyConnection, contractors: pa.Table, members: pa.Table) -> None:
    """Make `register` (one row per household), `roster` (one per member) and what two households claim.

    Needs `identified`, `parcels`, `name_keys`. `shared_numbers`, `shared_parcels`: see there.
    """
    connection.register("contractors", contractors)
    connection.register("members", members)
    connection.execute(HOUSEHOLDS, {"household": HOUSEHOLD_TYPE, "placeholder": PLACEHOLDER})
    connection.execute(MEMBERS, {"left": LEFT_HOUSEHOLD})
    for statement in (SHARED_NUMBERS, SETTLED_ROSTER, SHARED_PARCELS):
        connection.execute(statement)


def roster_findings(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Say which register rows two households claim: row_id, reason_code."""
    return connection.sql(FINDINGS).to_arrow_table()


def birthday_limit(as_of: date, age: int) -> date:
    """The latest birth date of who is `age` years old on a day."""
    try:
        return as_of.replace(year=as_of.year - age)
    except ValueError:  # 29 February
        return as_of.replace(year=as_of.year - age, day=28)
