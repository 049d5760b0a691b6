"""What households have drawn: contracts, draws and repayments of the core system become a balance per household and product."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from village_credit.duck import looking
from village_credit.publish.ledger import Entry
from village_credit.publish.returned import sealed_rows
from village_credit.publish.store import Store

# A contract that was repaid beyond what was drawn (interest among it) owes nothing, and pays no other contract's debt.
DRAWN = """
WITH moved AS (
    SELECT contract_key, household_key, product, amount_yuan FROM draws WHERE drawn_on < $as_of
    UNION ALL
    SELECT contract_key, household_key, product, -amount_yuan FROM repayments WHERE paid_on < $as_of
), owed AS (
    SELECT household_key, product, greatest(0, sum(amount_yuan)) AS owed_yuan FROM moved GROUP BY contract_key, household_key, product
)
SELECT household_key, product, CAST(sum(owed_yuan) AS DECIMAL(18, 2)) AS drawn_yuan FROM owed GROUP BY ALL ORDER BY ALL
"""


def drawn_before(store: Store, entries: list[Entry], as_of: date) -> pa.Table:
    """Give household_key, product and drawn_yuan at the end of the day before `as_of`: draws less repayments.

    A household that never drew is not among them. Raises VerificationFailed where sealed bytes differ.
    """
    connection = looking()
    for name in ("draws", "repayments"):
        connection.register(name, sealed_rows(store, entries, name))
    return connection.sql(DRAWN, params={"as_of": as_of}).to_arrow_table()
