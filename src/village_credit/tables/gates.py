"""A run is asked what must hold before a branch may see it; a figure that is missing fails its gate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.registry import ADVERSE
from village_credit.decide.decide import Decided
from village_credit.duckdb_session import query_cursor
from village_credit.intake import Intake
from village_credit.policy.gate_thresholds import thresholds
from village_credit.policy.model import PolicyInForce
from village_credit.score.scorecard import Scorecard
from village_credit.sql_files import sql
from village_credit.tables.drift import SCORE
from village_credit.tables.fairness import Fairness

SCHEMA = pa.schema(
    [
        ("gate", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.string()),
        ("verdict", pa.string()),
        ("explanation", pa.string()),
    ]
)


@dataclass(frozen=True)
class Gate:
    """One question and its answer."""

    gate: str
    value: float | None
    threshold: str
    verdict: str
    explanation: str


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
    licensed_passes: tuple[str, ...] = ()
    is_product_run: bool = False


def judge_gates(evidence: Evidence, policy: PolicyInForce) -> pa.Table:
    """Return the run's gates: gate, value, threshold, verdict, explanation."""
    intake, decisions = evidence.intake, evidence.decided.decisions
    gates = [
        _line_balance(intake),
        _household_balance(intake, decisions, is_product_run=evidence.is_product_run),
        _quarantined_share(intake, policy),
        _unlinked_share(intake, policy),
        *_link_gaps(intake, policy),
        _unlicensed(intake, evidence.licensed_passes, policy),
        _related_list(intake, policy),
        _rejected(intake, policy),
        adverse_rows(intake, policy),
        _deliveries(evidence.deliveries, policy),
        _checks(evidence.checks, policy),
        _branches(intake, policy),
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


def _judge(policy: PolicyInForce, gate: str, value: float | None, explanation: str, *, too_little: str = "") -> Gate:
    """Judge a figure by the policy. A missing one fails, unless `too_little` says why there is nothing to judge."""
    asked = thresholds(policy, gate)
    if value is None and too_little:
        return Gate(gate, None, asked.text, "pass", f"not judged, {too_little}: {explanation}")
    return Gate(gate, value, asked.text, asked.verdict(value), explanation)


def _also_fails(gate: Gate, where: str, *, is_so: bool) -> Gate:
    """Let a gate fail for what no number of the policy can allow."""
    text = f"{gate.threshold}, fail where {where}"
    return replace(gate, threshold=text, verdict="fail" if is_so else gate.verdict)


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


def _quarantined_share(intake: Intake, policy: PolicyInForce) -> Gate:
    outcomes = intake.reconciliation.column("outcome")
    data = pc.sum(pc.not_equal(outcomes, "layout")).as_py() or 0
    quarantined = pc.sum(pc.equal(outcomes, "quarantined")).as_py() or 0
    share = quarantined / data if data else None
    text = "quarantined lines over data lines; send the offices their corrections"
    return _judge(policy, "quarantined_share", share, text)


def _unlinked_share(intake: Intake, policy: PolicyInForce) -> Gate:
    """Rows that wait in quarantine because their number stays damaged found no household either."""
    connection = query_cursor()
    connection.register("link_quality", intake.link_quality)
    query = """SELECT (sum(unlinked + conflicting) / sum(records))::DOUBLE FROM link_quality
               WHERE contract IN ('household_economy', 'land_subsidy', 'crop_declaration')"""
    ((share,),) = connection.execute(query).fetchall()
    return _judge(policy, "unlinked_share", share, "book, subsidy and crop rows that found no household")


def _link_gaps(intake: Intake, policy: PolicyInForce) -> list[Gate]:
    """Ask whether a group's linkage falls behind, and whether a wrong village would do as well as the right one."""
    shares = intake.link_shares
    whole_numbers = pc.count(intake.identities.column("person_id")).as_py()
    return [
        _judge(
            policy,
            "link_gap_of_names",
            shares["name_gap"],
            (
                "linked share of long transliterated names against short ones, mean over lists (computed in "
                "memory; by person it is kept nowhere)"
            ),
            too_little=_too_few(shares["lists_compared"]),
        ),
        _judge(
            policy,
            "link_gap_of_villages",
            shares["village_gap"],
            "how far the worst village of a list is behind the county in linked share",
            too_little=_too_few(shares["villages_compared"]),
        ),
        _judge(
            policy,
            "null_linkage",
            shares["null_share"],
            (
                "links that likeness finds in a wrong village, over those it finds in the right one; relatives "
                "next door are not in it"
            ),
        ),
        _judge(
            policy,
            "id_area_codes",
            shares["unissued_area_share"],
            (
                "ID numbers that begin with a code no county ever had; people are born anywhere, and synthetic "
                "people's all do"
            ),
            too_little=_too_few(whole_numbers),
        ),
    ]


def _too_few(compared: float | None) -> str:
    """Say that a county has too few records to compare (none is enough); a figure that should be there fails."""
    return "too few records" if compared == 0 else ""


def _unlicensed(intake: Intake, licensed: tuple[str, ...], policy: PolicyInForce) -> Gate:
    """Ask how much rests on passes that no checked sample of the last year has shown to be right often enough."""
    connection = query_cursor()
    connection.register("links", intake.links)
    query = """SELECT avg((NOT list_contains($licensed, pass))::INT)::DOUBLE, count(*) FROM links
               WHERE status = 'automatic' AND pass NOT IN ('contractor_code', 'credit_code')"""
    ((share, links),) = connection.execute(query, {"licensed": list(licensed)}).fetchall()
    text = "automatic links by passes without a checked sample of the last year (links review RUN --sample N)"
    return _judge(policy, "unlicensed_link_passes", share, text, too_little=_too_few(links))


def _related_list(intake: Intake, policy: PolicyInForce) -> Gate:
    """The related-party list missing or older than the policy allows: publishing is refused (article 40)."""
    rows = intake.settled["related_party"]
    latest = pc.max(rows.column("updated_on")).as_py() if rows.num_rows else None
    age = None if latest is None else float((policy.as_of - latest).days)
    text = "days since the related-party list was updated; none delivered fails"
    return _judge(policy, "related_party_list", age, text)


def _rejected(intake: Intake, policy: PolicyInForce) -> Gate:
    count = sum(source.rejected is not None for source in intake.sources)
    text = "files or sheets rejected as a whole: ask for them again"
    return _judge(policy, "rejected_extracts", float(count), text)


def adverse_rows(intake: Intake, policy: PolicyInForce) -> Gate:
    """A debt, a listing or an objection that is of nobody known might be of anybody whom the run grants."""
    adverse = [source for source in intake.sources if source.contract in ADVERSE]
    rejected = sum(source.rejected is not None for source in adverse) + _perhaps_adverse(intake)
    connection = query_cursor()
    connection.register("reconciliation", intake.reconciliation)
    connection.register("unread", intake.unread)
    connection.register(
        "adverse",
        pa.table(
            {
                "source_id": pa.array([source.source_id for source in adverse], pa.int64()),
                "contract": pa.array([source.contract for source in adverse], pa.string()),
            }
        ),
    )
    ((share, known, unknown),) = connection.execute(sql("tables", "adverse_rows")).fetchall()
    text = (
        "largest quarantined share of a list of debts, listings or objections; until mended, a person looks at whom "
        f"such a row may speak of ({known} rows); of nobody who can be told: {unknown}; lists refused whole: {rejected}"
    )
    gate = _judge(policy, "adverse_rows", share, text)
    where = "a list is refused whole or a row is of nobody who can be told"
    return _also_fails(gate, where, is_so=rejected + unknown > 0)


def _perhaps_adverse(intake: Intake) -> int:
    """Count tables that nobody could name and that may be one of a list that is lacking.

    Any that was refused; of those that no contract knows whole files, and sheets that come nearest to it.
    """
    absent = set(ADVERSE) - {source.contract for source in intake.sources}
    nameless = [source for source in intake.sources if not source.contract and not source.is_copy]
    near = [not source.sheet or any(name in said for name in absent for _, said in source.notes) for source in nameless]
    pairs = zip(nameless, near, strict=True)
    return sum(bool(absent) and (source.rejected is not None or is_near) for source, is_near in pairs)


def _deliveries(deliveries: pa.Table, policy: PolicyInForce) -> Gate:
    """A table that the county's calendar needs fails where it is missing, refused or stale."""
    late = [row for row in deliveries.to_pylist() if row["state"] != "complete"]
    is_fatal = any(row["is_needed"] and row["state"] != "partial" for row in late)
    text = "tables of the county's calendar, by township, that are missing, stale, partial or refused"
    gate = _judge(policy, "deliveries", float(len(late)), text)
    return _also_fails(gate, "a needed table is lacking", is_so=is_fatal)


def _checks(checks: pa.Table, policy: PolicyInForce) -> Gate:
    """The bounds themselves are agreed with the county's offices; one below a minimum fails whatever their number."""
    verdicts = checks.column("verdict").to_pylist()
    count = sum(verdict != "pass" for verdict in verdicts)
    text = "figures of deliveries as a whole that are out of their bounds: rows, change, fill, duplicates, medians"
    gate = _judge(policy, "extract_checks", float(count), text)
    return _also_fails(gate, "one is below its minimum", is_so="fail" in verdicts)


def _branches(intake: Intake, policy: PolicyInForce) -> Gate:
    served = set(intake.settled["branch"].column("township_code").to_pylist())
    households = intake.facts["households"]
    mask = pc.invert(households.column("is_trader_only"))
    townships = set(households.filter(mask).column("township_code").to_pylist())
    text = "townships with households and no branch in the bank's list"
    return _judge(policy, "branch_for_every_township", float(len(townships - served)), text)


def _legal_basis(decisions: pa.Table, policy: PolicyInForce) -> Gate:
    """Only who waits for it counts: whom something else declines would not be granted with a basis either."""
    return _judge(
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
    return _judge(policy, "manual_review_share", share, text)


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
        _judge(
            policy,
            "score_drift",
            score["psi_training"],
            (
                "stability index of the score against the training's rows; above it the card's probabilities are "
                "of another population"
            ),
        ),
        _judge(
            policy,
            "feature_drift",
            _largest([row["psi_training"] for row in features]),
            "largest stability index of a feature against the training's rows; `drift` names it",
        ),
        _judge(
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
        _judge(
            policy,
            "approval_ratio_of_groups",
            pc.min(ratios).as_py(),
            (
                "smallest approval share of a group over its attribute's best, by sex, age, land and being "
                "monitored; `fairness` names it"
            ),
            too_little=few,
        ),
        _judge(
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
        _judge(
            policy,
            "approval_share_change",
            share,
            "change of the granted share, up or down, over that of the county's last publication; `diff` says who",
            too_little=nothing,
        ),
        _judge(
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
    return _judge(policy, "budget", float(cut), text)


def _model(card: Scorecard, policy: PolicyInForce) -> list[Gate]:
    """Ask whether the scorecard speaks of real people, and for how long it still may."""
    return [
        _judge(
            policy,
            "model_evidence",
            float(card.training.is_synthetic),
            "1: the scorecard was trained on synthetic history and says nothing about real people",
        ),
        _judge(
            policy,
            "model_valid",
            float((card.valid_to - policy.as_of).days),
            "days from the run's day to the last on which the scorecard may decide; train and sign the next in time",
        ),
    ]
