"""What households owe.

Draws and repayments of the core system become a running balance, day by day, per household and product.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.ledger.log import Entry
from village_credit.ledger.returned import sealed_rows
from village_credit.sql_files import sql
from village_credit.store.store import Store

NOTHING_DRAWN = pa.schema(
    [("household_key", pa.string()), ("product", pa.string()), ("drawn_yuan", pa.decimal128(18, 2))]
).empty_table()
OWED = sql("ledger", "owed")
DRAWN = sql("ledger", "drawn")


def owed_by_day(draws: pa.Table, repayments: pa.Table) -> pa.Table:
    """Return household_key, product, day and owed_yuan at its end, a row for each day on which something of it moved.

    `draws`, `repayments`: as they are sealed (DRAWS, REPAYMENTS).
    """
    connection = query_cursor()
    connection.register("draws", draws)
    connection.register("repayments", repayments)
    return connection.sql(OWED).to_arrow_table()


def drawn_before(store: Store, entries: Sequence[Entry], as_of: date) -> pa.Table:
    """Return household_key, product and drawn_yuan at the end of the day before `as_of`: what is drawn and not repaid.

    A household that never drew is not among them. Raises VerificationFailed where sealed bytes differ.
    """
    connection = query_cursor()
    sealed = {name: sealed_rows(store, entries, name) for name in ("draws", "repayments")}
    connection.register("owed", owed_by_day(**sealed))
    return connection.sql(DRAWN, params={"as_of": as_of}).to_arrow_table()
