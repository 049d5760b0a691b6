"""What happened to households since the last publication, and which of their lines fall due."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.sql_files import sql
from village_credit.tables.simulation_inputs import SimulationInputs

COMPARED = ("loans_open", "negatives", "objections", "affected")
LINE_ENDS_DAYS = 92  # a quarter ahead: a committee meets in it
SCHEMA = pa.schema(
    [("household_key", pa.string()), ("event", pa.string()), ("happened", pa.int64()), ("due_on", pa.date32())]
)

HAPPENED = sql("tables", "happened")
DUE = sql("tables", "due")


def events(
    now: dict[str, pa.Table], before: SimulationInputs | None, in_force: pa.Table, renewals_due: pa.Table, as_of: date
) -> pa.Table:
    """Return household_key, event, how often it happened, due_on.

    Since `before`: new_exposure, listing, objection, relief. Of the lines that were in force: review_due, line_ends
    (within a quarter). Of those that are over: renewal_due.

    `now`: COMPARED tables by household_key. `before`: what the last publication measured; none: nothing has happened
    yet. `in_force`: household_key, valid_to, review_due_on of the last publication's decisions.
    """
    connection = query_cursor()
    connection.register("in_force", in_force)
    connection.register("renewals_due", renewals_due)
    parts = [connection.sql(DUE, params={"as_of": as_of, "ahead": LINE_ENDS_DAYS}).to_arrow_table().cast(SCHEMA)]
    if before is not None:
        connection.register("units", before.units)
        for name in COMPARED:
            connection.register(f"{name}_now", now[name])
            connection.register(f"{name}_kept", before.tables[name])
            connection.execute(sql("tables", "events").format(name=name))
        parts.append(connection.sql(HAPPENED).to_arrow_table().cast(SCHEMA))
    return pa.concat_tables(parts).sort_by(
        [("household_key", "ascending"), ("event", "ascending"), ("due_on", "ascending")]
    )
