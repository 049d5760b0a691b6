"""Causes that stored tables do not tell apart are told apart: what was delivered is read anew, one cause at a time.

Facts are measured from deliveries, terms, links, the run's day and relief at once. Between two runs that differ in
several of these stand runs that nobody scored, each with one more of them from the later run. They are computed in
memory, from what was frozen for the two, and nothing of them is kept.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from village_credit.errors import MissingInput
from village_credit.ledger.ledger import Ledger
from village_credit.memos import Memos
from village_credit.policy.model import Policy
from village_credit.services.scoring.compute import compute_run
from village_credit.services.scoring.memos import memos_of
from village_credit.services.scoring.rebuild import Scoring, scoring_again
from village_credit.store.store import Store
from village_credit.tables.basis import Basis
from village_credit.tables.causes import differing
from village_credit.tables.simulation_inputs import unpack_simulation_inputs

READ_ANEW = ("day", "deliveries", "terms", "links", "relief")  # in the order in which they are taken over


def between(store: Store, ledger: Ledger, before: Basis, after: Basis, models: Path) -> list[Basis]:
    """Return what stands between two runs, each step with one more of READ_ANEW from the later; none where none need.

    Raises MissingInput where a run cannot be computed once more.
    """
    differ = differing(before.manifest, after.manifest)
    causes = [cause for cause in READ_ANEW if cause in differ]
    if len(causes) < 2 or before.manifest["product"] != after.manifest["product"]:
        return []
    now, later = (_as_it_was(store, ledger, one, models) for one in (before, after))
    memos, found = memos_of(store, now.rules, keeps=False), []
    for cause in causes[:-1]:
        now = _with(now, later, cause)
        found.append(_computed(now, before.policy, memos))
    return found


def _as_it_was(store: Store, ledger: Ledger, basis: Basis, models: Path) -> Scoring:
    run_id = basis.manifest["run_id"]
    found = scoring_again(store, ledger, basis.manifest, models)
    if found.snapshot.run_id != run_id:
        raise MissingInput(f"run {run_id}: what it was made from is no longer there as it was (see `verify`)")
    return found


def _with(now: Scoring, later: Scoring, cause: str) -> Scoring:
    """Return a scoring with one cause from a later one."""
    snapshot, other = now.snapshot, later.snapshot
    match cause:
        case "deliveries":
            parts = _parts(now, later, "inputs", "shapes")
            return replace(now, delivered=later.delivered, snapshot=replace(snapshot, parts=parts))
        case "terms":
            rules = replace(now.rules, terms=later.rules.terms, terms_sha256=later.rules.terms_sha256)
            return replace(now, rules=rules)
        case "links":
            parts = _parts(now, later, "link_verdicts")
            return replace(now, snapshot=replace(snapshot, link_verdicts=other.link_verdicts, parts=parts))
        case "day":
            return replace(now, request=replace(now.request, as_of=later.request.as_of))
    parts = _parts(now, later, "relief")
    return replace(now, snapshot=replace(snapshot, declared_relief=other.declared_relief, parts=parts))


def _parts(now: Scoring, later: Scoring, *names: str) -> dict[str, Any]:
    return now.snapshot.parts | {name: later.snapshot.parts[name] for name in names}


def _computed(scoring: Scoring, policy: Policy, memos: Memos) -> Basis:
    """Compute a run that nobody scored, as far as it is decided anew."""
    made = compute_run(scoring.snapshot, scoring.delivered, scoring.request, scoring.rules, memos=memos)
    measured = unpack_simulation_inputs(made.measured())
    points, card = made.tables["score_points"], scoring.rules.scorecard
    return Basis(made.manifest, policy, measured, made.tables["decisions"], lambda: points, lambda: card)
