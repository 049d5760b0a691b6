"""A county's delivered files become every table of a run, in memory: nothing is written here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from village_credit import catalogue
from village_credit.decide.decide import HUMAN_INPUTS, Decided, decide
from village_credit.duckdb_session import query_cursor
from village_credit.extract.grid import DeliveredFile
from village_credit.features.build import build_features
from village_credit.ingest.delivery import Delivery, remembered_table, take_in_delivery
from village_credit.ingest.shapes import Looked
from village_credit.intake import Intake
from village_credit.memos import NO_MEMOS, Memos
from village_credit.policy.branch_authority import referral_days
from village_credit.policy.model import PolicyInForce
from village_credit.pseudonyms import Keys
from village_credit.report.page import run_page
from village_credit.score.apply import Scored, score
from village_credit.score.scorecard import Scorecard
from village_credit.services.rules import Request, Rules
from village_credit.services.scoring.lineage import Succession, find_successors, hashed_numbers, waiting_for_a_person
from village_credit.services.scoring.manifest import manifest_of
from village_credit.services.scoring.relief import Relief, reckon_relief
from village_credit.services.scoring.snapshot import Snapshot
from village_credit.sql_files import sql
from village_credit.tables.basis import Basis
from village_credit.tables.campaign_plans import campaign_names, campaign_plans
from village_credit.tables.charges import charges_table
from village_credit.tables.deliveries import delivery_states
from village_credit.tables.draw_purposes import draw_purposes
from village_credit.tables.drift import drift
from village_credit.tables.events import COMPARED, events
from village_credit.tables.extract_checks import extract_checks
from village_credit.tables.fairness import fairness, groups_of
from village_credit.tables.gates import Evidence, judge_gates
from village_credit.tables.outgoing import require_decisions
from village_credit.tables.referrals import referral_list, referral_table
from village_credit.tables.renewals_due import renewals_due
from village_credit.tables.run_tables import LINKED_ROWS, run_tables
from village_credit.tables.seasons import season_schedule
from village_credit.tables.shape_findings import shape_findings
from village_credit.tables.signatures_needed import authority_table
from village_credit.tables.simulation_inputs import (
    pack_simulation_inputs,
    policy_asked_before,
    unpack_simulation_inputs,
)
from village_credit.tables.split import split_change
from village_credit.tables.told_causes import told_causes
from village_credit.tables.told_names import told_names, with_told_crops, with_told_names

Progress = Callable[[str, float], None]


@dataclass
class Computed:
    """A run before it is sealed."""

    run_id: str
    tables: dict[str, pa.Table]
    manifest: dict[str, Any]
    identities: pa.Table
    report: str
    referrals: pa.Table  # as the office named them, for the vault
    linked_rows: pa.Table  # which line of which file speaks of which household, for the vault
    names: dict[str, str]  # what a file or sheet is told as where its name names somebody, for the vault
    measured: Callable[[], bytes]  # what `simulate` tries another policy on: sealed with the run


class StageTimer:
    """Seconds by stage; tells a listener when a stage ends."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress, self.last = progress, time.perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = round(now - self.last, 3)
        self.last = now
        if self.progress:
            self.progress(stage, self.seconds[stage])


def compute_run(
    snapshot: Snapshot,
    delivered: list[DeliveredFile],
    request: Request,
    rules: Rules,
    timer: StageTimer | None = None,
    memos: Memos = NO_MEMOS,
) -> Computed:
    """Compute every table of a run in memory, from deliveries, rules and the snapshot that names it.

    Nothing is written, but what `memos` keeps: whoever is to prove a run gives none.
    """
    timer = timer or StageTimer(None)
    delivery = _delivery(snapshot, delivered, request, rules)
    intake, looked = take_in_delivery(delivery, memos)
    catalogue.require(catalogue.facts(), intake.facts, "link")
    names = _names_told(intake, delivered, looked, snapshot.keys)
    intake = with_told_names(intake, names)
    maps = _maps_told(looked, names)
    timer.lap("read, validate, link")
    numbers = remembered_table(
        delivery, intake, memos, "numbers", lambda: hashed_numbers(intake.identities, snapshot.keys)
    )  # `content` names the key too, by the verdicts
    succession = find_successors(intake, snapshot.predecessors, numbers, snapshot.keys, request.as_of)
    pseudonyms = succession.pseudonyms
    policy = rules.policy.in_force(request.as_of, request.county_code)
    compared = snapshot.compared
    conditions = _by_unit(compared.conditions, _own(succession))
    relief = reckon_relief(snapshot.declared_relief, intake, conditions, policy, request.as_of)
    facts = {**relief.facts, **_human_facts(snapshot, succession)}
    scorer = _Scorer(rules.scorecard, request.as_of, policy)
    decided = decide(facts, scorer, policy, request.as_of, request.product)
    timer.lap("score, decide")
    work = _Work(snapshot, request, rules, policy, intake, pseudonyms, decided, scorer.last.points)
    tables = _decision_tables(work) | _relief_tables(work, relief) | _delivery_tables(work)
    linked_rows = tables.pop(LINKED_ROWS)
    tables["lineage"] = succession.lineage
    tables["campaign_plans"] = campaign_plans(intake, names)
    tables["shape_findings"] = shape_findings(maps, looked.findings)
    tables |= _judged_tables(work, tables)
    catalogue.require(catalogue.run_tables(), tables, "a scoring")
    require_decisions(tables["decisions"])
    manifest = manifest_of(intake, tables, request, rules, snapshot.parts, maps, names)
    identities = _borrowers(intake, decided.decisions, pseudonyms, numbers)

    @cache
    def measured() -> bytes:
        groups = groups_of(intake.facts, decided.decisions, request.as_of)
        return pack_simulation_inputs(decided.measured, groups, pseudonyms, policy_asked_before(policy.policy))

    causes = _causes(snapshot, rules, manifest, tables, measured)
    report = run_page(snapshot.run_id, manifest, tables, snapshot.in_force, looked.outlines, causes)
    timer.lap("tables, report")
    referrals = referral_list(intake, pseudonyms)
    return Computed(snapshot.run_id, tables, manifest, identities, report, referrals, linked_rows, names, measured)


def _causes(
    snapshot: Snapshot,
    rules: Rules,
    manifest: dict[str, Any],
    tables: dict[str, pa.Table],
    measured: Callable[[], bytes],
) -> pa.Table | None:
    """Return what each cause adds to limits since the last whole publication was decided, as `told_causes` does.

    None: nothing was published, it cannot be decided anew, or the run is of one product and decides few of them.
    """
    before = None if manifest["product"] else snapshot.compared.basis()
    if before is None:
        return None
    inputs = unpack_simulation_inputs(measured())
    after = Basis(
        manifest, rules.policy, inputs, tables["decisions"], lambda: tables["score_points"], lambda: rules.scorecard
    )
    return told_causes(split_change(before, after, manifest["versions"]["code_sha256"]))


def _delivery(snapshot: Snapshot, delivered: list[DeliveredFile], request: Request, rules: Rules) -> Delivery:
    said = snapshot.parts["shapes"]
    looked_with = said and said["looked_with"]
    return Delivery(delivered, request.county_code, request.as_of, rules.terms, snapshot.link_verdicts, looked_with)


def _names_told(intake: Intake, delivered: list[DeliveredFile], looked: Looked, keys: Keys) -> dict[str, str]:
    """Return how files, sheets and campaigns are told whose names name somebody."""
    others = {file.file_name for file in delivered} | {name for one in looked.maps for name in one[:2]}
    return told_names(intake, others | campaign_names(intake), keys)


def _maps_told(looked: Looked, names: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(names.get(name, name), names.get(sheet, sheet), kind) for name, sheet, kind in looked.maps]


@dataclass(frozen=True)
class _Work:
    """What the tables of a run are made from, once its households are decided."""

    snapshot: Snapshot
    request: Request
    rules: Rules
    policy: PolicyInForce
    intake: Intake
    pseudonyms: dict[str, str]
    decided: Decided
    points: pa.Table


def _decision_tables(work: _Work) -> dict[str, pa.Table]:
    """Return what was decided and why, by household_key, with the account of every line."""
    decided = work.decided
    names = ("decisions", "waterfall", "crop_terms", "follow_up")
    wanted = {name: getattr(decided, name) for name in names}
    wanted["crop_terms"] = with_told_crops(decided.crop_terms, work.policy.crops_named())
    county = work.request.county_code, work.rules.terms.name or work.request.county_code
    tables = run_tables(work.intake, work.points, wanted, work.pseudonyms, work.snapshot.keys, county)
    return tables | {
        "authority": authority_table(tables["decisions"], work.policy),
        "charges": charges_table(work.policy),
        "draw_purposes": draw_purposes(work.policy),
        "seasons": season_schedule(tables["decisions"], tables["crop_terms"], work.policy, work.request.as_of),
        "renewals_due": renewals_due(work.snapshot.ended, tables["decisions"]),
        "referrals": referral_table(
            work.intake.facts, decided.decisions, work.pseudonyms, referral_days(work.policy), work.snapshot.keys
        ),
    }


def _relief_tables(work: _Work, relief: Relief) -> dict[str, pa.Table]:
    """Return what relief came to, and the lines that ran on the day before."""
    found = relief.tables(work.decided, work.request.as_of) | {"lines_before": work.decided.lines_before}
    return by_household(found, work.pseudonyms)


def _delivery_tables(work: _Work) -> dict[str, pa.Table]:
    """Return what was owed and what came, and whether it looks like what came before."""
    request, terms, compared = work.request, work.rules.terms, work.snapshot.compared
    return {
        "deliveries": delivery_states(work.intake, work.decided.decisions, terms, request.county_code, request.as_of),
        "extract_checks": extract_checks(work.intake, terms, compared.rows, request.as_of),
        "drift": drift(work.points, compared.points, work.rules.scorecard),
    }


def _judged_tables(work: _Work, tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Return what happened since, how groups fare, and what the gates say of all of it."""
    compared, request, decided = work.snapshot.compared, work.request, work.decided
    happened = by_household({name: decided.measured[name] for name in COMPARED}, work.pseudonyms)
    groups = fairness(work.intake.facts, work.intake.identities, decided.decisions, request.as_of)
    evidence = Evidence(
        work.intake, decided, tables["deliveries"], tables["extract_checks"], tables["drift"], groups,
        work.rules.scorecard, before=None if request.product else compared.outcome,
        recoded=waiting_for_a_person(tables["lineage"], work.snapshot.in_force),
        licensed_passes=work.snapshot.licensed_passes, is_product_run=request.product is not None,
    )  # fmt: skip
    return {
        "events": events(happened, compared.simulation_inputs, compared.dates, tables["renewals_due"], request.as_of),
        "fairness": groups.groups,
        "gates": judge_gates(evidence, work.policy),
    }


def _human_facts(snapshot: Snapshot, succession: Succession) -> dict[str, pa.Table]:
    """Return what stood before the run and what people said, by unit_code, as `decide` reads them."""
    held = _human_inputs("held", [{"household_key": key} for key in snapshot.held])
    reviewed = _human_inputs("reviewed", snapshot.reviews)
    own, taken = _own(succession), succession.aliases
    return {
        "in_force": _by_unit(snapshot.in_force, own),
        "supplied": _by_unit(snapshot.supplied, taken, "by_unit_first", "product, kind"),
        "rise_bases": _by_unit(snapshot.rise_bases, taken, "by_unit_summed"),
        "branch_words": _by_unit(snapshot.branch_words, taken, "by_unit_least"),
        "decided_before": _by_unit(snapshot.decided_before, own),
        "ended": _by_unit(snapshot.unrenewed, own),
        "renewed": _by_unit(snapshot.renewed, own),
        "held": _by_unit(held, succession.stops, "by_unit_first", "TRUE"),
        "reviewed": _by_unit(reviewed, taken, "by_unit_first", "product"),
        "recoded": succession.recoded,
        "lineage_caps": succession.caps,
        "closed_lines": succession.closed_lines,
    }


def _own(succession: Succession) -> pa.Table:
    """Return each unit's own key alone."""
    return succession.aliases.filter(pc.equal(succession.aliases.column("place"), 0))


class _Scorer:
    """Scores facts for `decide`, and keeps the points of the facts that were used in the end."""

    def __init__(self, card: Scorecard, as_of: date, policy: PolicyInForce) -> None:
        self.card, self.as_of, self.counted_methods = card, as_of, policy.policy.counted_methods
        self.edges_ppm = [edge for _, edge in policy.band_edges()]
        self.last: Scored

    def __call__(self, facts: dict[str, pa.Table]) -> pa.Table:
        self.last = score(build_features(facts, self.as_of, self.counted_methods), self.card, self.edges_ppm)
        return self.last.scores


def _human_inputs(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Return what people said of households as `decide` reads it, still by household_key."""
    fields = [("household_key", pa.string()), *((f.name, f.type) for f in HUMAN_INPUTS[name] if f.name != "unit_code")]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def _by_unit(known: pa.Table, keys: pa.Table, query: str = "by_unit", line: str = "") -> pa.Table:
    """Return what the store knows of households by unit_code, as `decide` knows them; `keys`: ALIASES.

    `line`: of what a household has one word.
    """
    connection = query_cursor()
    connection.register("known", known)
    connection.register("keys", keys)
    return connection.sql(sql("services.scoring", query).format(line=line)).to_arrow_table()


def by_household(tables: dict[str, pa.Table], pseudonyms: dict[str, str]) -> dict[str, pa.Table]:
    """Return tables of units by household_key, ordered, as a run stores them."""
    connection = query_cursor()
    connection.register(
        "keys",
        pa.table(
            {
                "unit_code": pa.array(pseudonyms.keys(), pa.string()),
                "household_key": pa.array(pseudonyms.values(), pa.string()),
            }
        ),
    )
    found = {}
    for name, table in tables.items():
        connection.register("given", table)
        query = sql("services.scoring", "by_household")
        found[name] = connection.sql(query).to_arrow_table()
    return found


def _borrowers(intake: Intake, decisions: pa.Table, pseudonyms: dict[str, str], numbers: pa.Table) -> pa.Table:
    """Who each unit's borrower is (else its head), for the vault: one row a unit, with its members' hashed numbers."""
    connection = query_cursor()
    for name, table in {"identities": intake.identities, "decisions": decisions, "numbers": numbers}.items():
        connection.register(name, table)
    connection.register(
        "keys",
        pa.table(
            {
                "unit_code": pa.array(pseudonyms.keys(), pa.string()),
                "household_key": pa.array(pseudonyms.values(), pa.string()),
            }
        ),
    )
    query = sql("services.scoring", "borrowers")
    return connection.sql(query).to_arrow_table()
