"""A run is asked what must hold before a branch may see it; a figure that is missing fails its gate."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from village_credit.decide.decide import Decided
from village_credit.duckdb_session import query_cursor
from village_credit.intake import Intake
from village_credit.policy.model import PolicyInForce
from village_credit.score.scorecard import Scorecard
from village_credit.sql_files import sql
from village_credit.tables.delivery_gates import (
    Recoded,
    adverse_rows,
    branches,
    checks,
    deliveries,
    link_gaps,
    quarantined_share,
    recoded,
    rejected,
    related_list,
    unlicensed,
    unlinked_share,
)
from village_credit.tables.drift import SCORE
from village_credit.tables.fairness import Fairness
from village_credit.tables.gate import SCHEMA, Gate, gate_of


@dataclass(frozen=True)
class Outcome:
    """What a run came to: the share of its decisions that grant (null: none decided), the granted sum in whole yuan."""

    granted_share: float | None
    sum_limit_yuan: int


@dataclass(frozen=True)
class Evidence:
    """What the gates are asked about: a run's tables before they are sealed, and what they are compared with.

    `before`: the outcome of the county's last whole publication; none: nothing was published, or the run decides
    one product's batch, which is no part of the county to compare.
    """

    intake: Intake
    decided: Decided
    deliveries: pa.Table
    checks: pa.Table
    drift: pa.Table
    fairness: Fairness
    scorecard: Scorecard
    before: Outcome | None
    recoded: Recoded
    licensed_passes: tuple[str, ...] = ()
    is_product_run: bool = False


def judge_gates(evidence: Evidence, policy: PolicyInForce) -> pa.Table:
    """Return the run's gates: gate, value, threshold, verdict, explanation."""
    intake, decisions = evidence.intake, evidence.decided.decisions
    gates = [
        _line_balance(intake),
        _household_balance(intake, decisions, is_product_run=evidence.is_product_run),
        quarantined_share(intake, policy),
        unlinked_share(intake, policy),
        *link_gaps(intake, policy),
        unlicensed(intake, evidence.licensed_passes, policy),
        related_list(intake, policy),
        rejected(intake, policy),
        adverse_rows(intake, policy),
        recoded(evidence.recoded, policy),
        deliveries(evidence.deliveries, policy),
        checks(evidence.checks, policy),
        branches(intake, policy),
        _legal_basis(decisions, policy),
        _review_share(decisions, policy),
        *_drifts(evidence.drift, policy),
        *_approval_ratios(evidence.fairness, policy),
        *_changes(outcome_of(decisions), evidence.before, policy),
        _budget(evidence.decided.waterfall, policy),
        *_model(evidence.scorecard, policy),
    ]
    return pa.Table.from_pylist([gate.__dict__ for gate in sorted(gates, key=lambda gate: gate.gate)], schema=SCHEMA)


def outcome_of(decisions: pa.Table) -> Outcome:
    """Sum up a run's decisions."""
    connection = query_cursor()
    connection.register("decisions", decisions)
    query = sql("tables", "outcome_of")
    ((share, total),) = connection.execute(query).fetchall()
    return Outcome(share, total)


def _exact(gate: str, difference: int, explanation: str) -> Gate:
    return Gate(gate, float(difference), "0", "pass" if difference == 0 else "fail", explanation)


def _line_balance(intake: Intake) -> Gate:
    promised = sum(source.total_lines for source in intake.sources)
    return _exact(
        "line_balance",
        promised - intake.reconciliation.num_rows,
        "physical lines of readable files less lines with an outcome",
    )


def _household_balance(intake: Intake, decisions: pa.Table, *, is_product_run: bool) -> Gate:
    """A referral batch decides its own units only."""
    whom = intake.facts["traders" if is_product_run else "households"]
    units = set(whom.column("unit_code").to_pylist())
    decided = decisions.column("unit_code").to_pylist()
    difference = len(units ^ set(decided)) + len(decided) - len(set(decided))
    return _exact(
        "household_balance", difference, "registered households and lone traders without exactly one decision"
    )


def _legal_basis(decisions: pa.Table, policy: PolicyInForce) -> Gate:
    """Only who waits for it counts: whom something else declines would not be granted with a basis either."""
    return gate_of(
        policy,
        "legal_basis",
        _share_of(decisions, "decision = 'manual_review' AND list_contains(reason_codes, 'NO_LEGAL_BASIS')"),
        (
            "households that wait because a source that speaks of them has no legal basis in force; renew it "
            "with its office"
        ),
    )


def _review_share(decisions: pa.Table, policy: PolicyInForce) -> Gate:
    share = _share_of(decisions, "decision = 'manual_review'")
    text = "households that a person must look at; a branch has only so many hands"
    return gate_of(policy, "manual_review_share", share, text)


def _share_of(decisions: pa.Table, condition: str) -> float | None:
    """Return the share of decisions of which a condition holds; none where nothing was decided."""
    connection = query_cursor()
    connection.register("decisions", decisions)
    query = f"SELECT count(*) FILTER ({condition}) / nullif(count(*), 0) FROM decisions"
    ((share,),) = connection.execute(query).fetchall()
    return None if share is None else float(share)


def _drifts(drift: pa.Table, policy: PolicyInForce) -> list[Gate]:
    """Ask whether the county is still like the training's households, as a whole and feature by feature.

    As shipped one feature only warns: a county may well differ in one from where the card was trained. With one year
    of books, income_volatility is missing for all, and no index of a bin that training hardly knew has an upper end.
    """
    rows = {row["feature"]: row for row in drift.to_pylist()}
    score, features = rows.pop(SCORE), list(rows.values())
    rises = [_rise(row["missing_share"], row["missing_share_training"]) for row in features]
    return [
        gate_of(
            policy,
            "score_drift",
            score["psi_training"],
            (
                "stability index of the score against the training's rows; above it the card's probabilities are "
                "of another population"
            ),
        ),
        gate_of(
            policy,
            "feature_drift",
            _largest([row["psi_training"] for row in features]),
            "largest stability index of a feature against the training's rows; `drift` names it",
        ),
        gate_of(
            policy,
            "missing_drift",
            _largest(rises),
            "largest rise of a feature's missing share over the training's; a list may be late, partial or new",
        ),
    ]


def _rise(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def _largest(figures: list[float | None]) -> float | None:
    """Return the largest figure; None where one of them is missing, for it might be the largest."""
    known = [figure for figure in figures if figure is not None]
    return max(known) if known and len(known) == len(figures) else None


def _approval_ratios(fairness: Fairness, policy: PolicyInForce) -> list[Gate]:
    """Ask whether a group is granted less often than four fifths of the best one.

    As shipped neither fails: need and means may differ between groups for good reason, and which reason is good is
    for the committee to say. A county with too few of a group to compare is not judged.
    """
    ratios = fairness.groups.column("approval_ratio")
    few = "too few of a group"
    return [
        gate_of(
            policy,
            "approval_ratio_of_groups",
            pc.min(ratios).as_py(),
            (
                "smallest approval share of a group over its attribute's best, by sex, age, land and being "
                "monitored; `fairness` names it"
            ),
            too_little=few,
        ),
        gate_of(
            policy,
            "approval_ratio_of_names",
            fairness.ratio_of_names,
            (
                "approval shares of borrowers with long transliterated and with short names, the smaller over "
                "the larger (computed in memory; kept nowhere else)"
            ),
            too_little=few,
        ),
    ]


def _changes(now: Outcome, before: Outcome | None, policy: PolicyInForce) -> list[Gate]:
    """Ask how far the run moves away from what is published, up or down; from nothing no change can be told."""
    nothing = "" if before else "nothing comparable was published before"
    share = _change(now.granted_share, before.granted_share) if before else None
    total = _change(now.sum_limit_yuan, before.sum_limit_yuan) if before else None
    return [
        gate_of(
            policy,
            "approval_share_change",
            share,
            "change of the granted share, up or down, over that of the county's last publication; `diff` says who",
            too_little=nothing,
        ),
        gate_of(
            policy,
            "total_change",
            total,
            "change of the sum of limits, up or down, over that of the county's last publication; `diff` says who",
            too_little=nothing,
        ),
    ]


def _change(now: float | None, before: float | None) -> float | None:
    """From a publication that granted nothing, any change is without bound.

    The figure is missing, and its gate fails.
    """
    return None if now is None or not before else abs(now / before - 1)


def _budget(waterfall: pa.Table, policy: PolicyInForce) -> Gate:
    cut = pc.sum(pc.equal(waterfall.column("budget_state"), "cut")).as_py() or 0
    capped = [level for level in ("village", "township", "county") if policy.cap(level) is not None]
    idle = f"caps by {', '.join(capped)} are above what is asked" if capped else "no cap is set"
    text = "households whose limit a budget cut" if cut else f"not binding: {idle}"
    return gate_of(policy, "budget", float(cut), text)


def _model(card: Scorecard, policy: PolicyInForce) -> list[Gate]:
    """Ask whether the scorecard speaks of real people, and for how long it still may."""
    return [
        gate_of(
            policy,
            "model_evidence",
            float(card.training.is_synthetic),
            "1: the scorecard was trained on synthetic history and says nothing about real people",
        ),
        gate_of(
            policy,
            "model_valid",
            float((card.valid_to - policy.as_of).days),
            "days from the run's day to the last on which the scorecard may decide; train and sign the next in time",
        ),
    ]
