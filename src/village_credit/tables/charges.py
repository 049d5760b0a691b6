"""What each product costs beside its interest on a run's day, as its borrowers are told."""

from __future__ import annotations

import pyarrow as pa

from village_credit.catalogue import run_tables
from village_credit.policy.compiled import PPM, scaled
from village_credit.policy.model import PolicyInForce
from village_credit.policy.sections import PRODUCTS


def charges_table(policy: PolicyInForce) -> pa.Table:
    """Return the policy's charges in force: product, charge, payee, basis, share_ppm."""
    rows = [
        {
            "product": product,
            "charge": one.charge,
            "payee": one.payee,
            "basis": one.basis,
            "share_ppm": scaled("charges", one.share, PPM),
        }
        for product in sorted(PRODUCTS)
        for one in policy.charges(product)
    ]
    return pa.Table.from_pylist(rows, schema=run_tables()["charges"].schema())
