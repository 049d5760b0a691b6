"""For what each product may be drawn, as the policy says it in the words of draws."""

from __future__ import annotations

import pyarrow as pa

from village_credit.catalogue import run_tables
from village_credit.policy.model import PolicyInForce
from village_credit.policy.sections import PRODUCTS


def draw_purposes(policy: PolicyInForce) -> pa.Table:
    """Return product and purpose, a row for each that keeps to the product; of one for which none is told, no row."""
    rows = [
        {"product": product, "purpose": purpose}
        for product in sorted(PRODUCTS)
        for purpose in sorted(set(policy.policy.products[product].draw_purposes))
    ]
    return pa.Table.from_pylist(rows, schema=run_tables()["draw_purposes"].schema())
