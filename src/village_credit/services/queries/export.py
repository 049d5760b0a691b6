"""Export what was in force at a month's end, for analysts of another house: a folder that needs nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from village_credit.china_calendar import day_in_china
from village_credit.errors import GateRefused, MissingInput, UsageError
from village_credit.ledger.checkpoints import leaves_of, write_checkpoint
from village_credit.ledger.ledger import Ledger
from village_credit.publish.export_folder import read_export, require_place, write_export
from village_credit.score.statistics import LEAST_GROUP
from village_credit.services.queries.export_tables import Shelf, tables_of
from village_credit.store.store import Store

ABOUT = (
    "What was in force at the month's end, as the ledger stood then. Households stand under keys of this export alone. "
    "It was given to nobody while no DISCLOSED.json lies beside this file."
)


@dataclass(frozen=True)
class Exported:
    """What was written where: the month's last day, rows by table, and what the households' keys were made for."""

    folder: str
    counties: list[str]
    month: str
    day: str
    rows: dict[str, int]
    keyed_for: str


def export(
    store: Store,
    counties: Sequence[str],
    month: str,
    out: Path,
    today: date,
    *,
    same_keys_as: Path | None = None,
    force: bool = False,
) -> Exported:
    """Write what was in force for counties at the end of a month (2026-11) into a folder, whole or not at all.

    `same_keys_as`: an earlier export whose keys of households it shall have, so that the two can be joined. Raises
    UsageError for a month that is not over or a place that is taken, MissingInput where nothing was published by then,
    GateRefused where a county is so small that its rows would be its people's.
    """
    wanted, day = sorted(set(counties)), _last_day(month)
    if day >= today:
        raise UsageError(f"month {month} is not over in China: export it from {day + timedelta(1)} on")
    require_place(out, force=force)
    keyed_for = f"{month} {'+'.join(wanted)}" if same_keys_as is None else _keys_of(store, same_keys_as)
    shelf = _shelf(store, Ledger.of(store), wanted, day)
    lines = shelf.lines()
    _require_many(lines, wanted)
    tables = tables_of(shelf, lines, keyed_for)
    about = {
        "about": ABOUT,
        "counties": wanted,
        "month": month,
        "day": day.isoformat(),
        "keyed_for": keyed_for,
        "checkpoint": write_checkpoint(store.keys, leaves_of(shelf.ledger)),
    }
    write_export(store, out, tables, about)
    rows = {name: table.num_rows for name, table in tables.items()}
    return Exported(str(out), wanted, month, day.isoformat(), rows, keyed_for)


def _last_day(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return (first.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)


def _keys_of(store: Store, folder: Path) -> str:
    """Return what an earlier export's keys were made for; raises VerificationFailed where this store made none such."""
    return str(read_export(folder, store.keys.known_keys())["keyed_for"])


def _shelf(store: Store, ledger: Ledger, counties: list[str], day: date) -> Shelf:
    """Return what was in force, as the ledger stood at the day's end: what is told of it later changes no export."""
    then = ledger.until(day)
    for county in counties:
        if not then.in_force_of(county):
            raise MissingInput(f"county {county}: nothing was in force on {day}, for {_why(ledger, county, day)}")
    return Shelf(store, then, day, [one for county in counties for one in then.in_force_of(county)])


def _why(ledger: Ledger, county: str, day: date) -> str:
    first = next((day_in_china(p.published_at) for p in ledger.publications_of(county)), None)
    if first is None:
        return "this store has no publication of it: check the county's code"
    if first <= day:
        return "what had been published was withdrawn: export another month"
    return f"its first publication is of {first}: export a later month"


def _require_many(lines: pa.Table, counties: list[str]) -> None:
    for county in counties:
        mine = lines.filter(pc.equal(lines.column("county_code"), county))
        if pc.count_distinct(mine.column("household_key")).as_py() < LEAST_GROUP:
            raise GateRefused(
                f"county {county} has fewer than {LEAST_GROUP} households in force: its rows would be its people's, "
                f"and are not exported"
            )
