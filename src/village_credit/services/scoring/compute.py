"""A county's delivered files become every table of a run, in memory: nothing is written here."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from village_credit import __version__, catalogue
from village_credit.decide.decide import HUMAN_INPUTS, decide
from village_credit.extract.grid import DeliveredFile
from village_credit.features.build import build_features
from village_credit.ingest.county import outcome_counts, take_in
from village_credit.intake import Intake
from village_credit.link import RULES_VERSION
from village_credit.policy.branch_authority import referral_days
from village_credit.policy.quorum import quorum, quorum_kept
from village_credit.pseudonyms import household_keys, row_key_hash
from village_credit.report.page import run_page
from village_credit.score.apply import Scored, score
from village_credit.score.scorecard import Scorecard
from village_credit.services.rules import Request, Rules
from village_credit.services.scoring.relief import reckon_relief
from village_credit.services.scoring.snapshot import Snapshot, parts_kept
from village_credit.sql_files import sql
from village_credit.tables.deliveries import delivery_states
from village_credit.tables.drift import drift
from village_credit.tables.events import COMPARED, events
from village_credit.tables.extract_checks import extract_checks
from village_credit.tables.fairness import fairness, groups_of
from village_credit.tables.gates import Evidence, judge_gates
from village_credit.tables.outgoing import require_decisions
from village_credit.tables.referrals import referral_list, referral_table
from village_credit.tables.renewals_due import renewals_due
from village_credit.tables.run_tables import run_tables
from village_credit.tables.signatures_needed import authority_table
from village_credit.tables.simulation_inputs import pack_simulation_inputs, policy_asked_before

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
    snapshot: Snapshot, delivered: list[DeliveredFile], request: Request, rules: Rules, timer: StageTimer | None = None
) -> Computed:
    """Compute every table of a run in memory, from deliveries, rules and the snapshot that names it.

    Nothing is written.
    """
    timer = timer or StageTimer(None)
    intake = take_in(delivered, request.as_of, request.county_code, rules.terms, snapshot.link_verdicts)
    catalogue.require(catalogue.facts(), intake.facts, "link")
    timer.lap("read, validate, link")
    pseudonyms = household_keys(snapshot.keys, intake.facts["households"].column("unit_code").to_pylist())
    policy = rules.policy.in_force(request.as_of, request.county_code)
    compared = snapshot.compared
    conditions = _by_unit(compared.conditions, pseudonyms)
    relief = reckon_relief(snapshot.declared_relief, intake, conditions, policy, request.as_of)
    facts = {**relief.facts, **_human_facts(snapshot, pseudonyms)}
    scorer = _Scorer(rules.scorecard, request.as_of)
    decided = decide(facts, scorer, policy, request.as_of, request.product)
    timer.lap("score, decide")
    wanted = {
        "decisions": decided.decisions,
        "waterfall": decided.waterfall,
        "crop_terms": decided.crop_terms,
        "follow_up": decided.follow_up,
    }
    tables = run_tables(intake, scorer.last.points, wanted, snapshot.keys, request.county_code)
    tables |= by_household(relief.tables(decided, request.as_of) | {"lines_before": decided.lines_before}, pseudonyms)
    tables["renewals_due"] = renewals_due(snapshot.ended, tables["decisions"])
    happened = by_household({name: decided.measured[name] for name in COMPARED}, pseudonyms)
    tables["events"] = events(
        happened, compared.simulation_inputs, compared.dates, tables["renewals_due"], request.as_of
    )
    tables["referrals"] = referral_table(
        intake.facts, decided.decisions, pseudonyms, referral_days(policy), snapshot.keys
    )
    tables["deliveries"] = delivery_states(intake, decided.decisions, rules.terms, request.county_code, request.as_of)
    tables["extract_checks"] = extract_checks(intake, rules.terms, compared.rows)
    tables["drift"] = drift(scorer.last.points, compared.points, rules.scorecard)
    groups = fairness(intake.facts, intake.identities, decided.decisions, request.as_of)
    tables["fairness"] = groups.groups
    evidence = Evidence(
        intake,
        decided,
        tables["deliveries"],
        tables["extract_checks"],
        tables["drift"],
        groups,
        rules.scorecard,
        before=None if request.product else compared.outcome,
        licensed_passes=snapshot.licensed_passes,
        is_product_run=request.product is not None,
    )
    tables["gates"] = judge_gates(evidence, policy)
    tables["authority"] = authority_table(tables["decisions"], policy)
    catalogue.require(catalogue.run_tables(), tables, "a scoring")
    require_decisions(tables["decisions"])
    manifest = _manifest(intake, tables, request, rules, snapshot.parts)
    identities = _borrowers(intake, decided.decisions, pseudonyms, lambda number: row_key_hash(snapshot.keys, number))
    report = run_page(snapshot.run_id, manifest, tables)
    timer.lap("tables, report")

    def measured() -> bytes:
        groups = groups_of(intake.facts, decided.decisions, request.as_of)
        return pack_simulation_inputs(decided.measured, groups, pseudonyms, policy_asked_before(policy.policy))

    return Computed(snapshot.run_id, tables, manifest, identities, report, referral_list(intake, pseudonyms), measured)


def _human_facts(snapshot: Snapshot, pseudonyms: dict[str, str]) -> dict[str, pa.Table]:
    """Return what stood before the run and what people said, by unit_code, as `decide` reads them."""
    held = _human_inputs("held", [{"household_key": key} for key in snapshot.held])
    return {
        "in_force": _by_unit(snapshot.in_force, pseudonyms),
        "decided_before": _by_unit(snapshot.decided_before, pseudonyms),
        "ended": _by_unit(snapshot.unrenewed, pseudonyms),
        "renewed": _by_unit(snapshot.renewed, pseudonyms),
        "held": _by_unit(held, pseudonyms),
        "reviewed": _by_unit(_human_inputs("reviewed", snapshot.reviews), pseudonyms),
    }


class _Scorer:
    """Scores facts for `decide`, and keeps the points of the facts that were used in the end."""

    def __init__(self, card: Scorecard, as_of: date) -> None:
        self.card, self.as_of = card, as_of
        self.last: Scored

    def __call__(self, facts: dict[str, pa.Table]) -> pa.Table:
        self.last = score(build_features(facts, self.as_of), self.card)
        return self.last.scores


def _human_inputs(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Return what people said of households as `decide` reads it, still by household_key."""
    fields = [("household_key", pa.string()), *((f.name, f.type) for f in HUMAN_INPUTS[name] if f.name != "unit_code")]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def _by_unit(known: pa.Table, pseudonyms: dict[str, str]) -> pa.Table:
    """Return what the store knows of households by unit_code, as `decide` knows them."""
    connection = duckdb.connect()
    connection.register("known", known)
    connection.register(
        "keys",
        pa.table(
            {
                "unit_code": pa.array(pseudonyms.keys(), pa.string()),
                "household_key": pa.array(pseudonyms.values(), pa.string()),
            }
        ),
    )
    return connection.sql(sql("services.scoring", "by_unit")).to_arrow_table()


def by_household(tables: dict[str, pa.Table], pseudonyms: dict[str, str]) -> dict[str, pa.Table]:
    """Return tables of units by household_key, ordered, as a run stores them."""
    connection = duckdb.connect()
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


def _borrowers(
    intake: Intake, decisions: pa.Table, pseudonyms: dict[str, str], hash_number: Callable[[str], str]
) -> pa.Table:
    """Who each unit's borrower is (else its head), for the vault: one row a unit, with its members' hashed numbers."""
    connection = duckdb.connect()
    for name, table in {"identities": intake.identities, "decisions": decisions}.items():
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
    connection.create_function("hash_number", hash_number, ["VARCHAR"], "VARCHAR")
    query = sql("services.scoring", "borrowers")
    return connection.sql(query).to_arrow_table()


def _manifest(
    intake: Intake, tables: dict[str, pa.Table], request: Request, rules: Rules, parts: dict[str, Any]
) -> dict[str, Any]:
    """Say what the run was made of and what came out: a function of the inputs, without a clock or a name."""
    decisions = tables["decisions"]
    granted = decisions.filter(pc.equal(decisions.column("decision"), "granted"))
    households = dict(sorted(Counter(decisions.column("decision").to_pylist()).items()))
    return {
        "county_code": request.county_code,
        "as_of": request.as_of.isoformat(),
        "product": request.product,
        "inputs": [{"file_name": name, "sha256": sha256} for name, sha256 in parts["inputs"]],
        "versions": {
            "policy": rules.policy_name,
            "policy_sha256": rules.policy_sha256,
            "scorecard": rules.scorecard.model_id,
            "scorecard_sha256": rules.scorecard_sha256,
            "county_terms_sha256": rules.terms_sha256,
            "linkage": RULES_VERSION,
            "code": __version__,
            "code_sha256": parts["code"],
        },
        "pseudonym_key": parts["pseudonym_key"],
        "quorum": quorum_kept(quorum(rules.policy.in_force(request.as_of, request.county_code))),
        **parts_kept(parts),
        "counts": {
            "lines": outcome_counts(intake),
            "households": households,
            "registered": intake.facts["households"].num_rows,
        },
        "sum_limit_yuan": pc.sum(granted.column("limit_yuan")).as_py() or 0,
        "gates": dict(sorted(Counter(tables["gates"].column("verdict").to_pylist()).items())),
        "sources": [
            {
                "file_name": s.file_name,
                "sheet": s.sheet,
                "contract": s.contract,
                "office": s.office,
                "lines": s.total_lines,
                "is_copy": s.is_copy,
                "rejected": list(s.rejected) if s.rejected else None,
                "notes": [list(note) for note in s.notes],
                "dropped_columns": _dropped(s.dropped_columns),
                "units": s.units,
                "changed_cells": s.changes,
            }
            for s in intake.sources
        ],
    }


def _dropped(columns: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Name dropped columns by why; undeclared ones by count only, for their headers may hold anything."""
    found: dict[str, list[str]] = {}
    for header, why in columns:
        found.setdefault(why, []).append(header if why != "undeclared" else "*")
    return dict(sorted(found.items()))
