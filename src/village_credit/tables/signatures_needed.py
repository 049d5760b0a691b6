"""The table `authority`: households of a run above the authority ladder, and whose signature each needs."""

from __future__ import annotations

import pyarrow as pa

from village_credit.policy.authority_ladder import step_of, steps
from village_credit.policy.model import PolicyInForce

# A limit that stands because it is drawn, or because a relief window keeps it, grants nothing that could be signed.
NOT_GRANTED_ANEW = frozenset({"FROZEN", "RELIEF_KEPT"})
AUTHORITY = pa.schema(
    [
        ("household_key", pa.string()),
        ("product", pa.string()),
        ("limit_yuan", pa.int64()),
        ("above_yuan", pa.int64()),
        ("role", pa.string()),
        ("roles", pa.list_(pa.string())),
        ("reference", pa.string()),
    ]
)


def authority_table(decisions: pa.Table, policy: PolicyInForce) -> pa.Table:
    """Return each household of a run that is granted more than the first step.

    Its step, role, and `roles`, that and every higher one.

    `decisions`: with household_key, product, decision, limit_yuan, reason_codes; the order is kept.
    """
    ladders = {product: steps(policy, product) for product in set(decisions.column("product").to_pylist())}
    if not any(ladders.values()):
        return AUTHORITY.empty_table()
    rows = []
    for row in decisions.select(["household_key", "product", "decision", "limit_yuan", "reason_codes"]).to_pylist():
        ladder = ladders[row["product"]]
        place = step_of(ladder, row["limit_yuan"])
        if row["decision"] != "granted" or place is None or NOT_GRANTED_ANEW & set(row["reason_codes"]):
            continue
        roles = [step.role for step in ladder[place:]]
        rows.append(
            {
                **row,
                "above_yuan": ladder[place].above_yuan,
                "role": roles[0],
                "roles": roles,
                "reference": ladder[place].reference,
            }
        )
    return pa.Table.from_pylist(rows, schema=AUTHORITY)
