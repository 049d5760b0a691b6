"""How a county's referrals stand on a day: per batch, how many are decided, open and late on each of the two clocks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from village_credit.china_calendar import day_in_china
from village_credit.duckdb_session import query_cursor
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import Publication, in_force, publications
from village_credit.ledger.returned import sealed_rows
from village_credit.publish.referral_clocks import calendar_since, clocks_sql
from village_credit.store.store import Store
from village_credit.tables.referrals import PRODUCT

CLOCKS = (("decision", "decided", "decided_on"), ("draw", "drawn", "first_drawn_on"))
PUBLICATIONS = pa.schema([("run_id", pa.string()), ("product", pa.string()), ("published_on", pa.date32())])
REFUSALS = pa.schema(
    [
        ("run_id", pa.string()),
        ("household_key", pa.string()),
        ("product", pa.string()),
        ("branch_limit_yuan", pa.int64()),
        ("branch_limit_on", pa.date32()),
        ("is_last", pa.bool_()),
    ]
)
CALENDAR = pa.schema([("day", pa.date32()), ("working_days", pa.int32())])


def referral_status(store: Store, entries: Sequence[Entry], on: date) -> list[dict[str, Any]]:
    """Count each county's and batch's referrals on a day.

    Referred, and per clock done, open, late (over or not), not_known.

    A batch that waits for a signature counts: its clock runs. Whatever is in force tells of a referral before a run
    that is only staged.
    """
    return [
        {"county_code": county, "referral_batch": batch, "on": on.isoformat(), **_counts(rows, on)}
        for (county, batch), rows in _by_batch(store, entries, on).items()
    ]


def referral_states(store: Store, entries: Sequence[Entry], on: date) -> list[dict[str, Any]]:
    """Count the traders of each county, batch, clock and state on a day; each trader is in one state of a clock."""
    counted = Counter(
        (county, batch, clock, _state(row, clock, on))
        for (county, batch), rows in _by_batch(store, entries, on).items()
        for row in rows
        for clock, _, _ in CLOCKS
    )
    names = ("county_code", "referral_batch", "clock", "state")
    return [dict(zip(names, cell, strict=True)) | {"traders": count} for cell, count in sorted(counted.items())]


def _by_batch(store: Store, entries: Sequence[Entry], on: date) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return each county's and batch's referrals, each once, as the surest run tells it."""
    batches: dict[tuple[str, str], dict[tuple[str, date], dict[str, Any]]] = defaultdict(dict)
    for row in _clocked(store, entries, on):
        batches[row["county_code"], row["referral_batch"]][row["household_key"], row["referred_on"]] = row
    return {batch: list(rows.values()) for batch, rows in sorted(batches.items())}


def _counts(found: list[dict[str, Any]], on: date) -> dict[str, Any]:
    counts: dict[str, Any] = {"referred": len(found)}
    for clock, done, ended_on in CLOCKS:
        states = [_state(row, clock, on) for row in found]
        counts[clock] = {
            done: sum(row[ended_on] is not None for row in found),
            "open": states.count("open") + states.count("open_late"),
            "late": states.count("late") + states.count("open_late"),
            "not_known": states.count("not_known"),
        }
    counts["why_not_known"] = sorted({row["clock_note"] for row in found if row["clock_note"]})
    return counts


def _state(row: dict[str, Any], clock: str, on: date) -> str:
    """Return a clock's state on a day: what is open beyond its last day in time is open and late."""
    state, due = row[f"{clock}_clock"], row[f"{clock}_due_on"]
    return "open_late" if state == "open" and due is not None and on > due else str(state)


def _clocked(store: Store, entries: Sequence[Entry], on: date) -> list[dict[str, Any]]:
    """Return each referral of the runs that tell what is, with what was published and drawn by a day.

    The surest last.
    """
    runs = _runs(store, entries)
    connection = query_cursor()
    paths = [str(store.run_folder(run) / "referrals.parquet") for run in _with_table(store, entries)]
    if not paths or not runs:
        return []
    for name, table in {
        "referrals": connection.sql(
            "FROM read_parquet($p, hive_partitioning = false)", params={"p": paths}
        ).to_arrow_table(),
        "every_draw": sealed_rows(store, entries, "draws"),
        "publications": _published(entries, on),
        "branch_limits": _branch_limits(entries, on),
    }.items():
        connection.register(name, table)
    connection.execute(f"CREATE TEMP VIEW draws AS SELECT * FROM every_draw WHERE drawn_on <= DATE '{on.isoformat()}'")
    (first,) = connection.sql("SELECT min(referred_on) FROM referrals").fetchall()[0]
    days = [{"day": day, "working_days": count} for day, count in calendar_since(first)]
    connection.register("working_calendar", pa.Table.from_pylist(days, schema=CALENDAR))
    rows = connection.sql(clocks_sql()).to_arrow_table().to_pylist()
    order = {run_id: place for place, run_id in enumerate(runs)}
    return sorted((row for row in rows if row["run_id"] in order), key=lambda row: order[row["run_id"]])


def _published(entries: Sequence[Entry], on: date) -> pa.Table:
    """Return what was published by the end of a day in China."""
    rows = [
        {"run_id": p.run_id, "product": p.product, "published_on": day_in_china(p.published_at)}
        for p in publications(entries)
        if day_in_china(p.published_at) <= on
    ]
    return pa.Table.from_pylist(rows, schema=PUBLICATIONS)


def _branch_limits(entries: Sequence[Entry], on: date) -> pa.Table:
    """Return what branches had set by a day in place of a published limit, as the analysts' warehouse names it."""
    last: dict[str, Publication] = {p.run_id: p for p in publications(entries)}
    runs = {p.publication_id: p.run_id for p in publications(entries)}
    rows = [
        {
            "run_id": run_id,
            "household_key": said.household_key,
            "product": said.product,
            "branch_limit_yuan": said.limit_yuan,
            "branch_limit_on": date.fromisoformat(said.received_on),
            "is_last": last[run_id].publication_id == said.publication_id,
        }
        for said in branch_limits(entries, on).values()
        if (run_id := runs.get(said.publication_id))
    ]
    return pa.Table.from_pylist(rows, schema=REFUSALS)


def _runs(store: Store, entries: Sequence[Entry]) -> list[str]:
    """Name the runs that decide referrals: each county's last that was staged, then, over it, those in force."""
    manifests, _ = store.manifests()
    kept = [e for e in entries if e.act == "stage" and e.run_id in manifests]
    staged = [e for e in kept if manifests[e.run_id]["product"] in (None, PRODUCT)]
    last = {e.details["county_code"]: e.run_id for e in staged}
    current = [p.run_id for p in in_force(entries) if p.product in (None, PRODUCT)]
    known = set(_with_table(store, entries))
    return [run_id for run_id in [*sorted(set(last.values()) - set(current)), *current] if run_id in known]


def _with_table(store: Store, entries: Sequence[Entry]) -> list[str]:
    staged = dict.fromkeys(e.run_id for e in entries if e.act == "stage")
    return [run_id for run_id in staged if (store.run_folder(run_id) / "referrals.parquet").is_file()]
