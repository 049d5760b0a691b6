"""A published run and what came back of its lines become an observation, and how those who drew were selected."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.china_calendar import day_in_china
from village_credit.duckdb_session import cursor_over
from village_credit.errors import MissingInput, UsageError
from village_credit.features.build import build_features
from village_credit.features.labels import label_households
from village_credit.ingest.county import take_in
from village_credit.intake import Intake
from village_credit.ledger.balances import owed_by_day
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.publications import Publication
from village_credit.ledger.relief import relief_in_force
from village_credit.ledger.returned import RECORD_USAGE, sealed_rows
from village_credit.relief.apply import Allowed, relieve
from village_credit.score.small_counts import hide_small
from village_credit.score.statistics import LEAST_GROUP
from village_credit.services.decided_from import declared_for, inputs_left
from village_credit.services.modelling.observations import Observation, conduct_in, loans_of, require_no_leak
from village_credit.sql_files import sql
from village_credit.store.store import Store

ROOM = "services.modelling"
DEBTS = sql(ROOM, "returned_debts")
GRANTED_UNTIL = sql(ROOM, "granted_until")
CAME_BACK = sql(ROOM, "came_back")
REACHED = ("not_granted", "not_contracted", "not_drawn", "drawn")
Row = dict[str, Any]


@dataclass(frozen=True)
class CameBack:
    """What published runs teach: observations, how far their households came, and what is left out.

    `selection`: a row a band and stage reached (REACHED), households, with_outcome, bads. `left_out`: run → why.
    `drew`: how many of the loans that teach are of households that drew by what branches returned; of the others the
    bank's conduct alone tells.
    """

    observations: list[Observation]
    runs: list[str]
    selection: list[Row]
    left_out: dict[str, str]
    drew: int = 0

    def learnt_from(self) -> list[Row]:
        """Return the loans of these runs that teach, by who tells of them (source, loans); of few, both together."""
        in_all = sum(loans_that_teach(one) for one in self.observations)
        parts = {"drew": self.drew, "conduct": in_all - self.drew}
        if any(is_few(count) for count in parts.values()):
            parts = {"published": in_all}
        return [{"source": source, "loans": count} for source, count in parts.items() if count]


def observe_published(store: Store, counties: Sequence[str], only: Sequence[str] | None = None) -> CameBack:
    """Observe each whole-county run that was put in force, once the conduct of a whole horizon after it is known.

    `only`: those runs and no other. Of several runs as of one day the last counts. Raises MissingInput where none can
    be observed, and names why of each.
    """
    ledger = Ledger.of(store)
    found, cells, left_out = [], [], {}
    for publication in _asked(ledger, counties, only):
        try:
            observation, rows = _observed(store, ledger, publication)
        except MissingInput as why:
            left_out[publication.run_id] = str(why)
            continue
        found.append((publication.run_id, observation))
        cells += rows
    if not found:
        told = "; ".join(f"run {run_id}: {why}" for run_id, why in left_out.items()) or "none was published"
        raise MissingInput(f"no published run of {', '.join(counties)} can be learnt from: {told}")
    drew = sum(row["with_outcome"] for row in cells if row["reached"] == "drawn")
    return CameBack([one for _, one in found], [run_id for run_id, _ in found], _added(cells), left_out, drew)


def learnt_from(observations: list[Observation], came_back: CameBack) -> list[Row]:
    """Return the loans that a candidate learnt from: of each history's day, and of published runs; source, loans."""
    published = {(one.day, one.county_code) for one in came_back.observations}
    days: dict[str, int] = {}
    for one in observations:
        if (one.day, one.county_code) not in published:
            days[one.day.isoformat()] = days.get(one.day.isoformat(), 0) + loans_that_teach(one)
    return [*({"source": day, "loans": count} for day, count in days.items()), *came_back.learnt_from()]


def loans_that_teach(observation: Observation) -> int:
    """Count the households of an observation whose outcome is known."""
    outcomes = observation.outcomes.column("is_bad")
    return len(outcomes) - int(outcomes.null_count)


def is_few(count: int) -> bool:
    """Tell whether somebody is counted, and too few to be told."""
    return 0 < count < LEAST_GROUP


def joined(observations: list[Observation], came_back: CameBack | None) -> list[Observation]:
    """Return histories and published runs together, days in order; raises UsageError where both tell the same day."""
    more = [] if came_back is None else came_back.observations
    known = {(one.day, one.county_code) for one in observations}
    for one in more:
        if (one.day, one.county_code) in known:
            raise UsageError(
                f"county {one.county_code} as of {one.day} is in --history and among the published runs: its "
                f"households would count twice; leave out one of them"
            )
    return sorted([*observations, *more], key=lambda one: (one.day, one.county_code))


def _asked(ledger: Ledger, counties: Iterable[str], only: Sequence[str] | None) -> list[Publication]:
    """Return the last publication of each county and day, a rollback's apart: it decides nothing anew."""
    last = {
        (one.as_of, one.county_code): one
        for one in ledger.publications
        if one.county_code in counties and one.product is None and one.restores is None
    }
    return [last[place] for place in sorted(last) if only is None or last[place].run_id in only]


def _observed(store: Store, ledger: Ledger, publication: Publication) -> tuple[Observation, list[Row]]:
    day, county = date.fromisoformat(publication.as_of), publication.county_code
    ends, known_on = _horizon_end(day), _known_on(ledger)
    if known_on is None or known_on < ends:
        raise MissingInput(f"draws and repayments are known until {known_on or 'no day'}, and its year ends on {ends}")
    manifest = store.manifest(publication.run_id)
    delivered = list(inputs_left(store, ledger, manifest))
    intake = take_in(delivered, day, county)
    require_no_leak(intake, day)
    keys = _keys(store, publication.run_id)
    conduct, hashes = _conduct(store, ledger, publication, ends)
    debts = _debts(store, ledger, county, keys, known_on)
    loans = pa.concat_tables([*(loans_of(intake, table).cast(debts.schema) for table in conduct), debts])
    facts, told = _relieved(store, ledger, county, intake, loans, day)
    outcomes = label_households(intake.facts["households"].select(["unit_code"]), told, day)
    sent = [entry.details["file_sha256"] for entry in ledger if entry.act == RECORD_USAGE]
    hashes = [file.sha256 for file in delivered] + hashes + sent
    observation = Observation(day, county, intake, build_features(facts, day), outcomes, hashes)
    return observation, _reached(store, ledger, publication, keys, outcomes, (day, ends))


def _horizon_end(day: date) -> date:
    """Return the last day of the year after a day, as `label_households` has it."""
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28 if leap else day.day)


def _known_on(ledger: Ledger) -> date | None:
    """Return the day on which the core system last sent what had happened."""
    return max((day_in_china(entry.at) for entry in ledger if entry.act == RECORD_USAGE), default=None)


def _keys(store: Store, run_id: str) -> pa.Table:
    """Return household_key and unit_code of a run; raises MissingInput where the vault has them no more."""
    columns = ["household_key", "unit_code"]
    return pq.read_table(io.BytesIO(store.open_identities(run_id)), columns=columns, partitioning=None)


def _conduct(store: Store, ledger: Ledger, publication: Publication, ends: date) -> tuple[list[pa.Table], list[str]]:
    """Return the bank's conduct of the county's first later delivery that reaches to the end of the year, if any."""
    later = [staged for staged in ledger.stagings(publication.county_code) if staged.details["as_of"] >= str(ends)]
    if not later:
        return [], []
    first = min(later, key=lambda staged: (staged.details["as_of"], -staged.number))
    delivered = list(inputs_left(store, ledger, store.manifest(first.run_id)))
    return conduct_in(delivered, f"run {first.run_id}"), [file.sha256 for file in delivered]


def _debts(store: Store, ledger: Ledger, county: str, keys: pa.Table, known_on: date) -> pa.Table:
    """Return what was drawn and repaid, as conduct tells loans."""
    draws, repayments = (sealed_rows(store, ledger, name) for name in ("draws", "repayments"))
    runs = [one.run_id for one in ledger.publications_of(county)]
    paths = [str(store.table(run_id, "decisions")) for run_id in dict.fromkeys(runs)]
    connection = cursor_over({"owed": owed_by_day(draws, repayments), "keys": keys})
    granted = connection.sql(GRANTED_UNTIL, params={"paths": paths}).to_arrow_table()
    connection.register("granted", granted)
    return connection.sql(DEBTS, params={"known_on": known_on}).to_arrow_table()


def _relieved(
    store: Store, ledger: Ledger, county: str, intake: Intake, loans: pa.Table, day: date
) -> tuple[dict[str, pa.Table], pa.Table]:
    """Reckon declared relief into the facts of the day and into the conduct after it, as a history's is."""
    standing = relief_in_force(ledger, county)
    if not standing:
        return intake.facts, loans
    declared, proofs = declared_for(store, ledger, standing)
    last = max([day, *(row for row in loans.column("cutoff_on").to_pylist() if row)])

    def relieved(facts: dict[str, pa.Table], on: date) -> dict[str, pa.Table]:
        return relieve(facts, intake.identities, declared, proofs, on, Allowed()).facts

    return relieved(intake.facts, day), relieved({**intake.facts, "conducts": loans}, last)["conducts"]


def _reached(
    store: Store,
    ledger: Ledger,
    publication: Publication,
    keys: pa.Table,
    outcomes: pa.Table,
    horizon: tuple[date, date],
) -> list[Row]:
    """Return how far the households of each band came; raises VerificationFailed where sealed bytes differ."""
    path = store.table(publication.run_id, "decisions")
    tables = {name: sealed_rows(store, ledger, name) for name in ("contracts", "draws")}
    tables |= {"decisions": pq.read_table(path, partitioning=None), "keys": keys, "outcomes": outcomes}
    values = dict(zip(("begins", "ends"), horizon, strict=True))
    found: list[Row] = cursor_over(tables).sql(CAME_BACK, params=values).to_arrow_table().to_pylist()
    return found


def _added(rows: list[Row]) -> list[Row]:
    """Add the runs up by band and stage; small counts are hidden by the one rule, and outcomes of few with them."""
    added: dict[tuple[str, str], Row] = {}
    for row in rows:
        place = row["band"], row["reached"]
        into = added.setdefault(place, dict.fromkeys(("households", "with_outcome", "bads"), 0))
        for name in into:
            into[name] += row[name]
    cells = [{"group": place[0], "change": place[1], **added[place]} for place in sorted(added, key=_order)]
    return [_told(cell) for cell in hide_small(cells)]


def _order(place: tuple[str, str]) -> tuple[str, int]:
    return place[0] or "~", REACHED.index(place[1])


def _told(cell: Row) -> Row:
    drawn = {name: cell[name] if cell["change"] == "drawn" else None for name in ("with_outcome", "bads")}
    return {"band": cell["group"], "reached": cell["change"], "households": cell["households"]} | drawn
