"""What households owe: draws and repayments of the core system become a running balance, day by day, per household and product."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.ledger.log import Entry
from village_credit.ledger.returned import sealed_rows
from village_credit.store.store import Store

# Per contract, S being the sum of its draws less its repayments up to a day, the balance is S less the lowest S so far below
# nothing: what was repaid beyond it (interest among it) pays no later draw and no other contract's. A day's draws come before
# its repayments, so S is lowest at a day's end. A move that was taken back has an equal one below nothing beside it.
OWED = """
WITH moved AS (
    SELECT contract_key, household_key, product, drawn_on AS day, sum(amount_yuan) AS yuan FROM draws GROUP BY ALL HAVING yuan <> 0
    UNION ALL
    SELECT contract_key, household_key, product, paid_on, -sum(amount_yuan) AS yuan FROM repayments GROUP BY ALL HAVING yuan <> 0
), summed AS (
    SELECT * EXCLUDE (yuan), sum(sum(yuan)) OVER (PARTITION BY contract_key, household_key, product ORDER BY day) AS sum_yuan
    FROM moved GROUP BY contract_key, household_key, product, day
), balances AS (
    SELECT *, sum_yuan - least(0, min(sum_yuan) OVER (PARTITION BY contract_key, household_key, product ORDER BY day)) AS balance_yuan FROM summed
), changes AS (
    SELECT *, balance_yuan - lag(balance_yuan, 1, 0) OVER (PARTITION BY contract_key, household_key, product ORDER BY day) AS change_yuan FROM balances
)
SELECT household_key, product, day, CAST(sum(sum(change_yuan)) OVER (PARTITION BY household_key, product ORDER BY day) AS DECIMAL(18, 2)) AS owed_yuan
FROM changes GROUP BY household_key, product, day ORDER BY ALL
"""
DRAWN = """
SELECT household_key, product, arg_max(owed_yuan, day) AS drawn_yuan FROM owed WHERE day < $as_of GROUP BY ALL ORDER BY ALL
"""


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
