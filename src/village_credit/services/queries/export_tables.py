"""What was in force at a month's end becomes tables for another house: no person, no small count, no joinable key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from village_credit.catalogue import export_tables, require
from village_credit.china_calendar import day_in_china
from village_credit.duckdb_session import cursor_over
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.ledger.publications import Publication
from village_credit.policy.gate_thresholds import GATES
from village_credit.pseudonyms import export_secrets
from village_credit.score.small_counts import hide_small
from village_credit.score.statistics import LEAST_GROUP
from village_credit.services.queries.referral_clocks import referral_states
from village_credit.sql_files import sql
from village_credit.store.store import Store

ROOM = "services.queries"
Rows = list[dict[str, Any]]
SHARES = ("legal_basis", "manual_review_share")  # of a county's households: with their number, a count
COUNTING = [name for name, gate in GATES.items() if gate.unit == "households"]
IN_FORCE = pa.schema([("county_code", pa.string()), ("run_id", pa.string()), ("overridden", pa.list_(pa.string()))])
TOLD = pa.schema([("county_code", pa.string()), ("decision", pa.string()), ("reason_code", pa.string())])


@dataclass(frozen=True)
class Shelf:
    """What an export is made of: the ledger as it was at the end of a day, and the publications in force then."""

    store: Store
    ledger: Ledger
    day: date
    in_force: Sequence[Publication]

    @property
    def counties(self) -> list[str]:
        """Name the counties, each once."""
        return list(dict.fromkeys(publication.county_code for publication in self.in_force))

    def lines(self) -> pa.Table:
        """Return the lines in force, as `lines_in_force` does."""
        each = [lines_in_force(self.store, self.ledger, county, self.day) for county in self.counties]
        return pa.concat_tables(each, promote_options="default")


def tables_of(shelf: Shelf, lines: pa.Table, keyed_for: str) -> dict[str, pa.Table]:
    """Return an export's tables as the catalogue declares them; `keyed_for`: what the households' keys are made for."""
    rows = {"gates": _gates(shelf), "referrals": _referrals(shelf), "versions": _versions(shelf)}
    rows["coverage"] = _coverage(cursor_over({"lines": lines}).sql(sql(ROOM, "export_villages")).to_arrow_table())
    tables = {name: pa.Table.from_pylist(each, schema=export_tables()[name].schema()) for name, each in rows.items()}
    tables["limits"] = _limits(shelf.store, lines, keyed_for)
    require(export_tables(), tables, "the export")
    return {name: tables[name] for name in sorted(tables)}


def _limits(store: Store, lines: pa.Table, keyed_for: str) -> pa.Table:
    """Return each line under its household's key in this export, in the order of these keys, which tells nothing."""
    outer, inner = export_secrets(store.keys, keyed_for)
    cells = cursor_over({"lines": lines}).sql(sql(ROOM, "export_reasons")).to_arrow_table().to_pylist()
    told = pa.Table.from_pylist(_told_reasons(cells), schema=TOLD)
    values = {"outer": outer, "inner": inner}
    found = cursor_over({"lines": lines, "told": told}).sql(sql(ROOM, "export_limits"), params=values)
    return found.to_arrow_table().cast(export_tables()["limits"].schema())


def _told_reasons(cells: Rows) -> Rows:
    """Return the reasons that enough households of a county share, and none that would follow from the others.

    Whoever has the rows knows the totals of each decision and of the county, and of no reason.
    """
    hidden = hide_small(
        [
            {"group": (cell["county_code"], cell["decision"]), "change": cell["county_code"]}
            | {"households": cell["households"]}
            for cell in cells
        ]
    )
    return [cell for cell, seen in zip(cells, hidden, strict=True) if seen["households"] is not None]


def _coverage(villages: pa.Table) -> Rows:
    """Return the villages; of one that is small, or would follow from the others, nothing but its code.

    Two questions: are its households few, and are those who are credited, or those who are not.
    """
    rows = villages.to_pylist()
    totals = hide_small(
        [{"group": r["township_code"], "change": r["county_code"], "households": r["households"]} for r in rows]
    )
    halves = [
        {"group": place, "change": (row["county_code"], is_credited), "households": count}
        for place, row in enumerate(rows)
        for is_credited, count in ((True, row["credited_households"]), (False, _others(row)))
    ]
    parts = hide_small(halves)[::2]
    return [_village(row, total, part) for row, total, part in zip(rows, totals, parts, strict=True)]


def _others(row: dict[str, Any]) -> int:
    return int(row["households"] - row["credited_households"])


def _village(row: dict[str, Any], total: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    shown = dict.fromkeys(("households", "credited_households", "coverage", "sum_limit_yuan"))
    if total["households"] is not None:
        shown["households"] = row["households"]
        if part["households"] is not None:
            share = row["credited_households"] / row["households"]
            shown |= {name: row[name] for name in ("credited_households", "sum_limit_yuan")} | {"coverage": share}
    return row | shown


def _gates(shelf: Shelf) -> Rows:
    """Return the gates of what is in force; a figure that counts few households is hidden."""
    runs = {
        publication.run_id: {
            "county_code": publication.county_code,
            "run_id": publication.run_id,
            "overridden": _overridden(shelf.ledger, publication.run_id),
        }
        for publication in shelf.in_force
    }
    paths = [str(shelf.store.require_run(run_id) / "gates.parquet") for run_id in runs]
    given = {"in_force": pa.Table.from_pylist(list(runs.values()), schema=IN_FORCE)}
    asked = cursor_over(given).sql(sql(ROOM, "export_gates"), params={"paths": paths})
    registered = {run_id: shelf.store.manifest(run_id)["counts"]["registered"] for run_id in runs}
    return [_gate(row, registered[row["run_id"]]) for row in asked.to_arrow_table().to_pylist()]


def _overridden(ledger: Ledger, run_id: str) -> list[str]:
    signed = ledger.approval(run_id)
    return sorted(signed.details["overrides"]) if signed else []


def _gate(row: dict[str, Any], registered: int) -> dict[str, Any]:
    """Return a gate's row; what it counts of households, or is a share of them, only where that is of enough."""
    value, gate = row["value"], row["gate"]
    if value is None or gate not in (*COUNTING, *SHARES):
        return row
    count, others = (value, LEAST_GROUP) if gate in COUNTING else (value * registered, (1 - value) * registered)
    is_few = 0 < count < LEAST_GROUP or 0 < others < LEAST_GROUP
    return row | {"value": None if is_few else value}


def _referrals(shelf: Shelf) -> Rows:
    """Return how many traders of each batch are in which state of a clock; small ones are hidden."""
    found = referral_states(shelf.store, shelf.ledger, shelf.day)
    return _states([row for row in found if row["county_code"] in shelf.counties])


def _states(rows: Rows) -> Rows:
    batches = [(row["county_code"], row["referral_batch"]) for row in rows]
    cells = [
        {"group": (*batch, row["clock"]), "change": batch, "households": row["traders"]}
        for batch, row in zip(batches, rows, strict=True)
    ]
    return [row | {"traders": cell["households"]} for row, cell in zip(rows, hide_small(cells), strict=True)]


def _versions(shelf: Shelf) -> Rows:
    return [
        {
            "county_code": publication.county_code,
            "publication_id": publication.publication_id,
            "run_id": publication.run_id,
            "product": publication.product,
            "as_of": date.fromisoformat(publication.as_of),
            "published_on": day_in_china(publication.published_at),
            "name": name,
            "version": str(version),
        }
        for publication in shelf.in_force
        for name, version in sorted(shelf.store.manifest(publication.run_id)["versions"].items())
        if version is not None
    ]
