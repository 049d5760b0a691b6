"""What the ledger says becomes small tables of values, which the analysts' views read beside the runs' files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from village_credit.china_calendar import day_in_china
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.disclosures import disclosure_rows
from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.household_signatures import signed_rows
from village_credit.ledger.ledger import APPROVE, Ledger
from village_credit.ledger.lines_in_force import in_force_rows
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import Publication, standing
from village_credit.publish.branch_package import expires_on
from village_credit.publish.ledger_times import TIMES, ledger_times
from village_credit.publish.referral_clocks import calendar_since
from village_credit.store.store import Store

IN_FORCE = {
    "place": "BIGINT",
    "county_code": "VARCHAR",
    "publication_id": "VARCHAR",
    "run_id": "VARCHAR",
    "product": "VARCHAR",
    "published_at": "TIMESTAMPTZ",
}
FACTS = {
    **TIMES,
    "in_force": IN_FORCE,
    "in_force_year_before": IN_FORCE,
    "publications": {
        "number": "BIGINT",
        "run_id": "VARCHAR",
        "publication_id": "VARCHAR",
        "county_code": "VARCHAR",
        "product": "VARCHAR",
        "restores": "VARCHAR",
        "published_at": "TIMESTAMPTZ",
        "superseded_at": "TIMESTAMPTZ",
        "published_on": "DATE",
        "expires_on": "DATE",
    },
    "branch_limits": {
        "publication_id": "VARCHAR",
        "run_id": "VARCHAR",
        "household_key": "VARCHAR",
        "product": "VARCHAR",
        "branch_limit_yuan": "BIGINT",
        "branch_limit_on": "DATE",
        "is_last": "BOOLEAN",
    },
    "working_calendar": {"day": "DATE", "working_days": "INTEGER"},
    "overrides": {"run_id": "VARCHAR", "gate": "VARCHAR", "overridden_by": "VARCHAR"},
    "household_signatures": {
        "run_id": "VARCHAR",
        "household_key": "VARCHAR",
        "product": "VARCHAR",
        "signed_role": "VARCHAR",
        "signed_by": "VARCHAR",
        "signed_at": "TIMESTAMPTZ",
    },
    "held": {"county_code": "VARCHAR", "household_key": "VARCHAR", "since": "TIMESTAMPTZ", "held_by": "VARCHAR"},
    "disclosures": {
        "act": "BIGINT",
        "disclosed_at": "TIMESTAMPTZ",
        "disclosed_by": "VARCHAR",
        "kind": "VARCHAR",
        "digest": "VARCHAR",
        "files": "BIGINT",
        "bytes": "BIGINT",
        "recipient": "VARCHAR",
        "second": "VARCHAR",
        "month": "VARCHAR",
        "counties": "VARCHAR[]",
    },
    "run_log": {
        "run_id": "VARCHAR",
        "county_code": "VARCHAR",
        "product": "VARCHAR",
        "as_of": "DATE",
        "status": "VARCHAR",
        "versions": "VARCHAR",
        "counts": "VARCHAR",
        "sum_limit_yuan": "BIGINT",
        "gates": "VARCHAR",
        "prepared_by": "VARCHAR",
        "approved_by": "VARCHAR",
        "minutes": "VARCHAR",
        "staged_at": "TIMESTAMPTZ",
        "approved_at": "TIMESTAMPTZ",
        "published_at": "TIMESTAMPTZ",
    },
}
Rows = Iterable[tuple[Any, ...]]


def ledger_facts(
    store: Store, ledger: Ledger, manifests: Mapping[str, dict[str, Any]], first_referral: date | None
) -> dict[str, Rows]:
    """Return the rows of each table of FACTS, for the staged runs with these manifests.

    Working days from the year of the first referral on.
    """
    return {
        **ledger_times(ledger),
        "in_force": _in_force_values(ledger.in_force),
        "in_force_year_before": _in_force_values(_in_force_year_before(ledger)),
        "publications": [
            (
                p.number, p.run_id, p.publication_id, p.county_code, p.product, p.restores, p.published_at,
                _superseded_at(p, ledger), day_in_china(p.published_at), expires_on(p),
            )
            for p in ledger.publications
        ],
        "branch_limits": _branch_limit_values(ledger),
        "working_calendar": calendar_since(first_referral),
        "overrides": [(e.run_id, gate, e.by) for e in ledger if e.act == APPROVE for gate in e.details["overrides"]],
        "household_signatures": signed_rows(store, ledger, list(manifests)),
        "held": [(hold.county_code, hold.household_key, hold.since, hold.held_by) for hold in holds_in_force(ledger)],
        "disclosures": disclosure_rows(ledger),
        "run_log": _run_rows(ledger, manifests),
    }  # fmt: skip


def _in_force_values(found: list[Publication]) -> Rows:
    return [tuple(row.values()) for row in in_force_rows(found)]


def _branch_limit_values(ledger: Ledger) -> Rows:
    last = {p.run_id: p.publication_id for p in ledger.publications}
    runs_of = {p.publication_id: p.run_id for p in ledger.publications}
    return [
        (
            b.publication_id, run_id, b.household_key, b.product, b.limit_yuan, b.received_on,
            last[run_id] == b.publication_id,
        )
        for b in branch_limits(ledger).values()
        if (run_id := runs_of.get(b.publication_id))
    ]  # fmt: skip


def _superseded_at(publication: Publication, ledger: Ledger) -> str | None:
    """Return when a later publication of the whole county came, or its withdrawal; a batch supersedes lines alone."""
    later = [p for p in ledger.county_acts_of(publication.county_code) if p.number > publication.number]
    return next((p.published_at for p in later if p.product is None), None)


def _in_force_year_before(ledger: Ledger) -> list[Publication]:
    """Return what was in force for each county one year before the day of its publication in force."""
    found: list[Publication] = []
    for now in (publication for publication in ledger.in_force if publication.product is None):
        day = date.fromisoformat(now.as_of)
        limit = day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day).isoformat()
        # the ledger's order, not the days': what was rolled back is not what was in force
        earlier = standing([p for p in ledger.county_acts_of(now.county_code) if _in_force_from(p) <= limit])
        found += earlier if earlier and earlier[0].product is None else []
    return found


def _in_force_from(publication: Publication) -> str:
    """Return the day from which an act counts: its run's, or of a rollback or withdrawal its own."""
    own = day_in_china(publication.published_at).isoformat()
    return max(publication.as_of, own) if publication.restores or publication.withdraws else publication.as_of


def _run_rows(ledger: Ledger, manifests: Mapping[str, dict[str, Any]]) -> Rows:
    acts: dict[str, dict[str, Entry]] = {run_id: {} for run_id in manifests}
    for entry in ledger:
        if entry.run_id in acts:
            acts[entry.run_id][entry.act] = entry
    return [_run_values(ledger, manifest, acts[run_id]) for run_id, manifest in manifests.items()]


def _run_values(ledger: Ledger, manifest: dict[str, Any], acts: dict[str, Entry]) -> tuple[Any, ...]:
    run_id = manifest["run_id"]
    stage, approve, publish = acts.get("stage"), acts.get("approve"), acts.get("publish")
    return (
        run_id, manifest["county_code"], manifest["product"], manifest["as_of"], ledger.status(run_id),
        json.dumps(manifest["versions"], sort_keys=True),
        json.dumps(manifest["counts"], sort_keys=True, ensure_ascii=False),
        manifest["sum_limit_yuan"], json.dumps(manifest["gates"], sort_keys=True),
        stage.by if stage else None, approve.by if approve else None, _minutes(approve),
        stage.at if stage else None, approve.at if approve else None, publish.at if publish else None,
    )  # fmt: skip


def _minutes(approve: Entry | None) -> str | None:
    """Return the reference of the minutes behind a signature."""
    sat = approve.details.get("meeting") if approve else None
    return sat["minutes"] if sat else None
