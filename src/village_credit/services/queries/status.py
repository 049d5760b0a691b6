"""What is staged, approved and in force per county, and what waits there."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from village_credit.china_calendar import today
from village_credit.duckdb_session import query_cursor
from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.services.queries.referral_clocks import referral_status
from village_credit.services.queries.waiting import waiting
from village_credit.sql_files import sql
from village_credit.store.store import Store


def status(store: Store, on: date | None = None) -> list[dict[str, Any]]:
    """Return a row a run, latest first: county, day, state, who did what, who of its county is held, what of it waits.

    `on`: the day on which clocks are read, of its referrals and of what waits; without one none is. Of a day that is
    past all is told as it stood at its end, but for referrals: their clocks go by the days of what happened, whenever
    it came in. A run whose manifest is damaged has no row: `store.manifests` says so.
    """
    known = Ledger.of(store)
    entries = known.until(on) if on is not None and on < today() else known
    referrals = referral_status(store, known, on) if on else []
    manifests, _ = store.manifests()
    waits = [asdict(one) for one in waiting(store, entries, manifests, on)] if on else []
    rows: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for entry in reversed([e for e in entries if e.act == "stage" and e.run_id in manifests]):
        manifest = manifests[entry.run_id]
        if manifest["county_code"] not in names:  # as its latest run has it
            names[manifest["county_code"]] = _county_name(store, entry.run_id)
        rows.append(
            {
                "county_code": manifest["county_code"],
                "county_name": names[manifest["county_code"]],
                "as_of": manifest["as_of"],
                "product": manifest["product"],
                "run_id": entry.run_id,
                "status": entries.status(entry.run_id),
                "prepared_by": entry.by,
                "staged_at": entry.at,
                "households": manifest["counts"]["registered"],
                "sum_limit_yuan": manifest["sum_limit_yuan"],
                "gates": manifest["gates"],
                "holds": [
                    asdict(hold) for hold in holds_in_force(entries) if hold.county_code == manifest["county_code"]
                ],
                "waiting": [one for one in waits if one["of"] == entry.run_id],
                "referrals": [batch for batch in referrals if batch["county_code"] == manifest["county_code"]],
            }
        )
    return rows


def _county_name(store: Store, run_id: str) -> str:
    """Return what a run calls its county; its code where nobody said."""
    path = store.run_folder(run_id) / "places.parquet"
    if not path.is_file():  # of older code
        return ""
    found = query_cursor().execute(sql("services.queries", "county_name"), {"path": str(path)}).fetchall()
    return str(found[0][0] or "")
