"""Who signed what was decided under a policy file, and in which meeting."""

from __future__ import annotations

from typing import Any

from village_credit.ledger.ledger import STAGE, Ledger
from village_credit.store.store import Store


def signed_under(store: Store, policy_sha256: str, county_code: str) -> list[dict[str, Any]]:
    """Return a row a signed run of a county under exactly this policy file, in the order of the signatures.

    run_id, as_of, status; by and at of whoever signed; meeting: as the ledger keeps it, none where none was named.
    """
    ledger, there = Ledger.of(store), set(store.run_ids())
    runs = [e.run_id for e in ledger if e.act == STAGE and e.details["county_code"] == county_code]
    manifests = {run_id: store.manifest(run_id) for run_id in runs if run_id in there}
    under = {run_id for run_id, one in manifests.items() if one["versions"]["policy_sha256"] == policy_sha256}
    signed = sorted((e for run_id in under if (e := ledger.approval(run_id))), key=lambda e: e.at)
    return [
        {
            "run_id": e.run_id,
            "as_of": manifests[e.run_id]["as_of"],
            "status": ledger.status(e.run_id),
            "by": e.by,
            "at": e.at,
            "meeting": e.details.get("meeting"),
        }
        for e in signed
    ]
