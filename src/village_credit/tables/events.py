"""What happened to households since the last publication that asks for another look, and which of their lines fall due."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

from village_credit.tables.simulation_inputs import SimulationInputs

COMPARED = ("loans_open", "negatives", "objections", "affected")
LINE_ENDS_DAYS = 92  # a quarter ahead: a committee meets in it
SCHEMA = pa.schema(
    [
        ("household_key", pa.string()),
        ("event", pa.string()),
        ("happened", pa.int64()),
        ("due_on", pa.date32()),
    ]
)

# Of the bank's lists only what is new counts: a loan of a product more than before, an entry or an objection that was not there.
HAPPENED = """
WITH loans AS (SELECT household_key, product_name, count(*) AS loans FROM loans_open_now GROUP BY ALL),
loans_before AS (SELECT household_key, product_name, count(*) AS loans FROM loans_open_before GROUP BY ALL),
happened AS (
    SELECT n.household_key, 'new_exposure' AS event, n.loans - coalesce(b.loans, 0) AS times
    FROM loans AS n LEFT JOIN loans_before AS b USING (household_key, product_name) WHERE n.loans > coalesce(b.loans, 0)
    UNION ALL
    SELECT household_key, 'listing', 1 FROM (SELECT household_key, reason_code, listed_on FROM negatives_now EXCEPT SELECT household_key, reason_code, listed_on FROM negatives_before)
    UNION ALL
    SELECT household_key, 'objection', 1 FROM (SELECT household_key, objection_type, registered_on, disputed_data FROM objections_now
                                               EXCEPT SELECT household_key, objection_type, registered_on, disputed_data FROM objections_before)
    UNION ALL
    SELECT household_key, 'relief', 1 FROM (SELECT household_key FROM affected_now EXCEPT SELECT household_key FROM affected_before)
)
SELECT household_key, event, CAST(sum(times) AS BIGINT) AS happened, CAST(NULL AS DATE) AS due_on FROM happened GROUP BY household_key, event
"""
DUE = """
SELECT household_key, 'review_due' AS event, 1 AS happened, review_due_on AS due_on FROM in_force WHERE review_due_on <= $as_of AND valid_to >= $as_of
UNION ALL
SELECT household_key, 'line_ends', 1, valid_to FROM in_force WHERE valid_to BETWEEN $as_of AND $as_of::DATE + $ahead::INTEGER
UNION ALL
SELECT household_key, 'renewal_due', 1, ended_on FROM renewals_due
"""


def events(
    now: dict[str, pa.Table], before: SimulationInputs | None, in_force: pa.Table, renewals_due: pa.Table, as_of: date
) -> pa.Table:
    """Return household_key, event, how often it happened, due_on.

    Since `before`: new_exposure, listing, objection, relief. Of the lines that were in force: review_due, line_ends
    (within a quarter). Of those that are over: renewal_due.

    `now`: COMPARED tables by household_key. `before`: what the last publication measured; none: nothing has happened yet.
    `in_force`: household_key, valid_to, review_due_on of the last publication's decisions.
    """
    connection = duckdb.connect()
    connection.register("in_force", in_force)
    connection.register("renewals_due", renewals_due)
    parts = [connection.sql(DUE, params={"as_of": as_of, "ahead": LINE_ENDS_DAYS}).to_arrow_table().cast(SCHEMA)]
    if before is not None:
        connection.register("units", before.units)
        for name in COMPARED:
            connection.register(f"{name}_now", now[name])
            connection.register(f"{name}_kept", before.tables[name])
            connection.execute(
                f"CREATE VIEW {name}_before AS SELECT household_key, k.* EXCLUDE (unit_code) FROM {name}_kept AS k JOIN units USING (unit_code)"
            )
        parts.append(connection.sql(HAPPENED).to_arrow_table().cast(SCHEMA))
    return pa.concat_tables(parts).sort_by(
        [("household_key", "ascending"), ("event", "ascending"), ("due_on", "ascending")]
    )
