"""What waits, for whom and since when, county by county: a signature, a publication, an office, a person, a branch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from village_credit import duckdb_session
from village_credit.china_calendar import day_in_china
from village_credit.duckdb_session import query_cursor
from village_credit.ledger.ledger import STAGE, Ledger
from village_credit.ledger.log import Entry
from village_credit.ledger.reviews import ACT as REVIEWED
from village_credit.policy.quorum import quorum_of
from village_credit.publish.warehouse import is_current
from village_credit.sql_files import sql
from village_credit.store.act_files import newest_act
from village_credit.store.runs import failed_gates
from village_credit.store.store import Store


@dataclass(frozen=True)
class Waiting:
    """One thing that waits on a day.

    `what`: signature, publication, answer (of a branch), review (of households) or delivery (of late or lacking
    tables). `of`: the run. `who` is waited for, in words; `since` when, on days in China; `count` of lines, households
    or tables; `overdue`: how many of these lines are past their package's days.
    """

    county_code: str
    what: str
    of: str
    who: str
    since: str
    days: int
    count: int = 1
    overdue: int = 0


def waiting(store: Store, ledger: Ledger, manifests: Mapping[str, dict[str, Any]], on: date) -> list[Waiting]:
    """Return what waits on a day, by county, in the order in which a run comes into force and is answered.

    `manifests` of the runs that are there. What began after that day does not wait on it.
    """
    last: dict[
        tuple[str, str | None], Entry
    ] = {}  # of the whole county and of each product; a run that is gone of none
    for entry in ledger:
        if entry.act == STAGE and entry.run_id in manifests:
            last[entry.details["county_code"], manifests[entry.run_id]["product"]] = entry
    late = _late_tables(store, [staged.run_id for staged in last.values()])
    found = [
        one
        for staged in last.values()
        for one in _of_run(store, ledger, manifests[staged.run_id], staged, on, late.get(staged.run_id, 0))
    ]
    found += [*_answers(store, ledger, on), *_reviews(store, ledger, on)]
    return sorted((one for one in found if one.days >= 0), key=lambda one: one.county_code)


def _of_run(
    store: Store, ledger: Ledger, manifest: dict[str, Any], staged: Entry, on: date, late: int
) -> Iterator[Waiting]:
    county = staged.details["county_code"]
    run_id, status = staged.run_id, ledger.status(staged.run_id)
    if late:
        yield _since(county, "delivery", run_id, "offices, which `deliveries` names", staged.at, on, late)
    approval = ledger.approval(run_id)
    if status == "staged":
        yield _since(county, "signature", run_id, _who_signs(store, manifest, staged), staged.at, on)
    elif status == "approved" and approval is not None:
        yield _since(county, "publication", run_id, "whoever publishes", approval.at, on)


def _who_signs(store: Store, manifest: dict[str, Any], staged: Entry) -> str:
    """Say who may sign a run, and which gates need a reason of their own."""
    asked = quorum_of(manifest)
    who = f"a meeting of {asked.members} members" if asked else "the committee"
    failed = failed_gates(store, staged.run_id)
    why = f", with a reason for each failed gate: {', '.join(failed)}" if failed else ""
    return f"{who}, not {staged.by}{why}"


def _late_tables(store: Store, run_ids: Iterable[str]) -> dict[str, int]:
    """Return how many tables are late or lacking by run, all runs in one query; none of a run of older code."""
    paths = [str(store.run_folder(run_id) / "deliveries.parquet") for run_id in run_ids]
    return _counts("late_tables", {"paths": [path for path in paths if Path(path).is_file()]})


def _counts(query: str, given: dict[str, Any]) -> dict[str, int]:
    """Return counts by run of some runs' sealed tables; of no run, none."""
    if not given["paths"]:
        return {}
    return dict(query_cursor().execute(sql("services.queries", query), given).fetchall())


def _answers(store: Store, ledger: Ledger, on: date) -> Iterator[Waiting]:
    """Return each branch that has not answered lines of what is in force, as the view `branches` counts them.

    A line that was told again without a change is open since it was first told. The views stand for the last act: of an
    earlier day nobody knows which lines were open. What a withdrawal tells is answered by nobody here.
    """
    whole = {publication.county_code: publication for publication in reversed(ledger.in_force)}
    is_of_today = len(ledger) == newest_act(store.ledger_folder)
    for county, branch, lines, expired, since in _open_lines(store) if is_of_today and is_current(store) else []:
        told_anew = f", {expired:,} of them past the package's days: tell them anew" if expired else ""
        who, of = f"branch {branch}{told_anew}", whole[county].run_id
        yield Waiting(county, "answer", of, who, since.isoformat(), (on - since).days, lines, expired)


def _open_lines(store: Store) -> list[tuple[str, str, int, int, date]]:
    with duckdb_session.connect(str(store.warehouse), read_only=True) as connection:
        return connection.execute(sql("services.queries", "open_answers")).fetchall()


def _reviews(store: Store, ledger: Ledger, on: date) -> Iterator[Waiting]:
    """Return how many households of a publication wait for a person's word that nobody has given."""
    said = [
        {"county_code": entry.details["county_code"], "household_key": verdict["household_key"]}
        for entry in ledger
        if entry.act == REVIEWED
        for verdict in entry.details["verdicts"]
    ]
    paths = [str(store.run_folder(one.run_id) / "decisions.parquet") for one in ledger.in_force]
    open_by_run = _counts("unreviewed", {"paths": paths, "said": said})
    for one in ledger.in_force:
        if count := open_by_run.get(one.run_id):
            who = "reviewers (`reviews export`)"
            yield _since(one.county_code, "review", one.run_id, who, one.published_at, on, count)


def _since(county: str, what: str, of: str, who: str, at: str, on: date, count: int = 1) -> Waiting:
    since = day_in_china(at)
    return Waiting(county, what, of, who, since.isoformat(), (on - since).days, count)
