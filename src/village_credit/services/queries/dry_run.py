"""Score a county again in memory and compare it with what is published; nothing is written."""

from __future__ import annotations

from village_credit.ledger.ledger import Ledger
from village_credit.services.queries.diff import Difference, diff_table
from village_credit.services.rules import load_rules
from village_credit.services.scoring.compute import compute_run
from village_credit.services.scoring.memos import memos_of
from village_credit.services.scoring.rescore import RescoreRequest, _files, _request
from village_credit.services.scoring.snapshot import take_snapshot
from village_credit.store.store import Store


def dry_run(store: Store, county_code: str, wish: RescoreRequest) -> Difference:
    """Compute a county's run again in memory and compare it with what is published."""
    request = _request(store, county_code, wish)
    rules = load_rules(request, store.keys.public_keys())
    delivered = list(_files(store, county_code, wish))
    snapshot = take_snapshot(store, Ledger.of(store), delivered, request, rules)
    computed = compute_run(snapshot, delivered, request, rules, memos=memos_of(store, rules, keeps=False))
    return diff_table(store, county_code, computed.tables)
