"""What is in force in a county, a prefecture or the region as of a day, as one page, from views and ledger alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from village_credit import duckdb_session
from village_credit.china_calendar import today
from village_credit.errors import MissingInput, UsageError
from village_credit.ledger.checkpoints import leaves_of, write_checkpoint
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import decision_files
from village_credit.publish.warehouse import is_current
from village_credit.report.place_page import place_page
from village_credit.report.place_parts import LEVELS, County, Place, Waits
from village_credit.services.queries.waiting import Waiting, waiting
from village_credit.sql_files import sql
from village_credit.store.store import Store

WITHIN = {"region": ["prefecture", "county"], "prefecture": ["county"], "county": ["township", "village"]}
ON_THE_WAY = ("staged", "approved")


def page_of_place(store: Store, place_code: str, on: date) -> str:
    """Draw the page of a place as of a day (`drawn_place`)."""
    return drawn_place(store, place_code, on)[0]


def drawn_place(store: Store, place_code: str, on: date) -> tuple[str, date]:
    """Return the page of a place as of a day, and the day on which its figures stand.

    `place_code`: 2 digits the region, 4 a prefecture, 6 a county. Raises UsageError for another code or a day to come,
    MissingInput where nothing was in force there by then, or the views cannot be had; VerificationFailed where a
    county's decisions in force are not what was sealed.
    """
    level = LEVELS.get(len(place_code)) if place_code.isascii() and place_code.isdigit() else None
    if level is None:
        raise UsageError(f"{place_code!r} is no place: 2 digits are the region, 4 a prefecture, 6 a county")
    if on > today():
        raise UsageError(f"{on} is yet to come: nobody knows what will be in force")
    if not is_current(store):
        raise MissingInput(
            "the analysts' views are not up to date: `ledger verify` names a run that is damaged; else see that the "
            "store can be written, and try again"
        )
    place = _place(store, place_code, level, on)
    return place_page(place), place.months[-1]["counted_on"]


def _place(store: Store, place_code: str, level: str, on: date) -> Place:
    ledger = Ledger.of(store)
    entries = ledger.until(on) if on < today() else ledger
    if level == "county":  # of more than one, their own pages say so
        decision_files(store, entries.in_force_of(place_code))
    with duckdb_session.connect(str(store.warehouse), read_only=True) as connection:
        given = {"place": place_code, "level": level, "within": WITHIN[level], "day": on}
        statistics = _rows(connection, sql("services.queries", "place_statistics"), given)
        if not any(row["level"] == level for row in statistics):
            raise MissingInput(
                f"nothing was in force in {place_code} at the end of any month by {on}: publish a run first"
            )
        county = (
            _county_rows(connection, place_code, on, entries, is_now=len(entries) == len(ledger))
            if level == "county"
            else {}
        )
        names = dict(connection.execute("SELECT place_code, place_name FROM places WHERE place_name <> ''").fetchall())
    return Place(
        place_code,
        level,
        on,
        statistics,
        names,
        _waits(store, entries, place_code, on),
        _counties(store, entries),
        checkpoint=write_checkpoint(store.keys, leaves_of(entries)),
        **county,
    )


def _county_rows(
    connection: duckdb.DuckDBPyConnection, place_code: str, on: date, entries: Ledger, *, is_now: bool
) -> dict[str, list[dict[str, Any]]]:
    """Return what views tell of a county alone; of an earlier day, what they tell of days."""
    place = {"place": place_code}
    found = {"campaigns": _rows(connection, sql("services.queries", "place_campaigns"), place | {"day": on})}
    runs = {"runs": list(dict.fromkeys(one.run_id for one in entries.in_force_of(place_code)))}
    for name in ("runs", "gates"):
        found[name] = _rows(connection, sql("services.queries", f"place_{name}"), runs)
    if is_now:
        found["funnel"] = _rows(connection, sql("services.queries", "place_funnel"), place)
        found["branches"] = _rows(
            connection, "SELECT * FROM branches WHERE county_code = $place ORDER BY branch_code", place
        )
    return found


def _rows(connection: duckdb.DuckDBPyConnection, query: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = connection.sql(query, params=given).to_arrow_table().to_pylist()
    return rows


def _waits(store: Store, entries: Ledger, place_code: str, on: date) -> list[Waits]:
    """Return what waits in the place's counties by kind, the longest first."""
    manifests, _ = store.manifests()
    kinds: dict[tuple[str, str], list[Waiting]] = {}
    for one in waiting(store, entries, manifests, on):
        if one.county_code.startswith(place_code):
            kinds.setdefault((one.county_code, one.what), []).append(one)
    found = [
        Waits(
            *kind,
            sum(one.count for one in ones),
            min(one.since for one in ones),
            max(one.days for one in ones),
            sum(one.overdue for one in ones),
        )
        for kind, ones in kinds.items()
    ]
    return sorted(found, key=lambda one: (-one.days, one.county_code, one.what))


def _counties(store: Store, entries: Ledger) -> dict[str, County]:
    """Return what is in force and on the way by county: a whole county's run before its batches, the latest of each."""
    in_force = {one.county_code: one.as_of for one in reversed(entries.in_force) if one.product is None}
    there = set(store.run_ids())
    on_the_way: dict[str, tuple[str, str]] = {}
    for entry in entries:
        if entry.act == "stage" and entry.run_id in there and entries.status(entry.run_id) in ON_THE_WAY:
            county = entry.details["county_code"]
            on_the_way[county] = (entry.details["as_of"], entries.status(entry.run_id))
    return {county: County(in_force.get(county), on_the_way.get(county)) for county in {*in_force, *on_the_way}}
