"""Whether a county is to be scored again: what came, what people did, which day has come since its latest run.

Where none of these speaks, deliveries still may: a legal basis in them ends, a listing begins. So the county is
computed in memory, and is due where it would be decided otherwise. A night that finds nothing makes no run: each would
be one more copy of who everybody is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from village_credit.code_version import code_sha256
from village_credit.duckdb_session import cursor_over
from village_credit.errors import MissingInput
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.inbox import pull
from village_credit.ledger.acts import OF_NO_HOUSEHOLD
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.ledger.log import Entry
from village_credit.ledger.relief import relief_in_force
from village_credit.policy.days_ahead import require_day_come
from village_credit.services.rules import Request, Rules, load_rules
from village_credit.services.scoring.compute import Computed, Progress, compute_run
from village_credit.services.scoring.memos import memos_of
from village_credit.services.scoring.snapshot import take_snapshot
from village_credit.services.scoring.stage import StagedRun, score_files, without_erased
from village_credit.sql_files import sql
from village_credit.store.runs import inputs_of
from village_credit.store.store import Store

MOST_DAYS = 31  # a run a month is what the figures of a county are compared by
COMPARED, GATE = ("decisions", "gates"), ("gate", "verdict")


@dataclass(frozen=True)
class Due:
    """Why a county is to be scored, in sentences; none: nothing came and nothing is due since its latest run."""

    county_code: str
    reasons: list[str]
    run_id: str | None
    as_of: str | None

    def text(self) -> str:
        """Say in one line why it is to be scored, or that it is not."""
        if self.reasons:
            return f"county {self.county_code} is due: {'; '.join(self.reasons)}"
        return f"county {self.county_code}: nothing came and nothing is due since run {self.run_id} of {self.as_of}"


def score_if_due(
    store: Store,
    inbox: Path,
    request: Request,
    progress: Progress | None = None,
    tell: Callable[[str], object] = lambda _: None,
    most_days: int = MOST_DAYS,
) -> StagedRun | Due:
    """Pull a county's inbox, and score it where it is due; `tell` is told why. Raises what a scoring raises."""
    files = list(pull(inbox, request.county_code))
    found = due(store, files, request, most_days)
    if not found.reasons:
        return found
    tell(found.text())
    return score_files(store, files, request, progress)


def due(store: Store, files: Sequence[DeliveredFile], request: Request, most_days: int = MOST_DAYS) -> Due:
    """Say why a county is to be scored; nothing is written but memos.

    A county is due where its files, its rules or this code are others than those of its latest run, where somebody did
    something since that concerns its households, where a day has come that lines, rules or relief wait for,
    `most_days` after that run, or where the day by itself decides a line or a gate otherwise.
    """
    rules = load_rules(request, store.keys.public_keys())
    if request.asked_on:
        require_day_come(rules.policy, request.as_of, request.county_code, request.asked_on)
    ledger = Ledger.of(store)
    latest = _latest(store, ledger, request.county_code)
    if latest is None:
        return Due(request.county_code, ["it was never scored in this store"], None, None)
    since = date.fromisoformat(latest.details["as_of"])
    left, _ = without_erased(store, files)
    reasons = [
        *_delivered(store, latest.run_id, left),
        *_changed(store, latest.run_id, rules),
        *_done(ledger, latest, request.county_code),
        *_come(store, ledger, request, rules, since),
        *([f"{days:,} days since"] if (days := (request.as_of - since).days) >= most_days else []),
    ]
    if not reasons and request.as_of != since:
        snapshot = take_snapshot(store, ledger, left, request, rules)
        computed = compute_run(snapshot, left, request, rules, memos=memos_of(store, rules))
        reasons = [*_otherwise(store, latest.run_id, computed)]
    return Due(request.county_code, reasons, latest.run_id, latest.details["as_of"])


def _latest(store: Store, ledger: Ledger, county_code: str) -> Entry | None:
    """Return the staging of the county's run of the latest day; None: it was never scored whole, or no run is left."""
    whole = [entry for entry in ledger.stagings(county_code) if _is_whole(store, entry)]
    return max(whole, key=lambda staged: (staged.details["as_of"], staged.number), default=None)


def _otherwise(store: Store, run_id: str, computed: Computed) -> Iterator[str]:
    """Say what the day alone would decide otherwise than the latest run did."""
    before = {name: pq.read_table(store.table(run_id, name), partitioning=None) for name in COMPARED}
    given = {"now": computed.tables["decisions"], "before": before["decisions"]}
    (count,) = cursor_over(given).execute(sql("services.scoring", "due")).fetchone() or (0,)
    if count:
        yield f"lines that this day decides otherwise: {count:,}"
    verdicts = [
        dict(zip(*(gates.column(name).to_pylist() for name in GATE), strict=True))
        for gates in (before["gates"], computed.tables["gates"])
    ]
    if moved := sorted(gate for gate, verdict in verdicts[1].items() if verdict != verdicts[0].get(gate)):
        yield f"gates that this day judges otherwise: {', '.join(moved)}"


def _is_whole(store: Store, staged: Entry) -> bool:
    """Tell a run of the whole county that is still there."""
    there = (store.run_folder(staged.run_id) / "manifest.json").is_file()
    return there and store.manifest(staged.run_id)["product"] is None


def _delivered(store: Store, run_id: str, files: Sequence[DeliveredFile]) -> Iterator[str]:
    """Compare files by name and bytes: a name may say that its rows correct others."""
    try:
        before = set(inputs_of(store, store.manifest(run_id)))
    except MissingInput:
        yield f"how the files of run {run_id} were called is no longer known"
        return
    now = {(file.file_name, file.sha256) for file in files}
    if now != before:
        yield f"delivered since: {len(now - before):,} files that are new or others, {len(before - now):,} gone"


def _changed(store: Store, run_id: str, rules: Rules) -> Iterator[str]:
    said = store.manifest(run_id)["versions"]
    now = {
        "policy": rules.policy_sha256,
        "scorecard": rules.scorecard_sha256,
        "county_terms": rules.terms_sha256,
        "code": code_sha256(),
    }
    others = [name for name, sha256 in now.items() if said.get(f"{name}_sha256") != sha256]
    if others:
        yield f"changed since: {', '.join(others)}"


def _done(ledger: Ledger, latest: Entry, county_code: str) -> Iterator[str]:
    """Name what people did since that concerns the county, or of which the act does not say whom it concerns."""
    counties = {publication.publication_id: publication.county_code for publication in ledger.county_acts}
    acts = [
        entry.act
        for entry in ledger[latest.details.get("acts_read", latest.number) :]
        if entry.act not in OF_NO_HOUSEHOLD and county_code in (_counties(entry, counties) or {county_code})
    ]
    if acts:
        yield f"done since: {', '.join(f'{acts.count(act):,} {act}' for act in sorted(set(acts)))}"


def _counties(entry: Entry, of_publications: dict[str, str]) -> set[str]:
    told = entry.details
    if "county_code" in told:
        return {told["county_code"]}
    if "declaration" in told:
        return {code[:6] for code in told["declaration"]["area_codes"]}
    return {of_publications[each] for each in told.get("publications", ()) if each in of_publications}


def _come(store: Store, ledger: Ledger, request: Request, rules: Rules, since: date) -> Iterator[str]:
    """Say which days have come after that of the latest run: of policy, scorecard, relief, and of lines in force."""
    as_of, a_day = request.as_of, timedelta(days=1)
    days = {figure.from_ for figure in rules.policy.figures} | {rules.scorecard.valid_to + a_day}
    for relief in relief_in_force(ledger, request.county_code):
        days |= {relief.declaration.from_, relief.declaration.to + a_day}
    if any(since < day <= as_of for day in days):
        yield "a day of the policy, the scorecard or a relief has come"
    lines = lines_in_force(store, ledger, request.county_code, with_holds=False)
    ended, reviewed = lines.column("valid_to"), lines.column("review_due_on")
    for what, is_due in (  # a line is over on the day after its last
        ("are over", pc.and_kleene(pc.greater_equal(ended, since), pc.less(ended, as_of))),
        ("are to be reviewed", pc.and_kleene(pc.greater(reviewed, since), pc.less_equal(reviewed, as_of))),
    ):
        if count := pc.sum(is_due).as_py():
            yield f"lines that {what} by this day: {count:,}"
