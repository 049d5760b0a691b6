"""The table `renewals_due`: lines that are over and wait for a signed renewal."""

from __future__ import annotations

import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.sql_files import sql

DUE = pa.schema([("household_key", pa.string()), ("product", pa.string()), ("ended_on", pa.date32())])


def renewals_due(ended: pa.Table, decisions: pa.Table) -> pa.Table:
    """Return the lines of `ended` (DUE) that a run's decisions give no new term, one row a line."""
    connection = query_cursor()
    connection.register("ended", ended)
    connection.register("decisions", decisions)
    return connection.sql(sql("tables", "renewals_due")).to_arrow_table()
