"""A run is asked what must hold before a branch may see it; a figure that is missing fails its gate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from village_credit.publish.drift import SCORE
from village_credit.publish.fairness import Fairness
from village_credit.run import Intake
from village_credit.score.metrics import FOUR_FIFTHS

SCHEMA = pa.schema(
    [
        ("gate", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.string()),
        ("verdict", pa.string()),
        ("explanation", pa.string()),
    ]
)
WARN_QUARANTINED_SHARE, FAIL_QUARANTINED_SHARE = 0.05, 0.25
WARN_UNLINKED_SHARE, FAIL_UNLINKED_SHARE = 0.15, 0.50
WARN_REVIEW_SHARE = 0.40
WARN_NAME_GAP, FAIL_NAME_GAP = (
    0.02,
    0.10,
)  # 0.02: what the linkage benchmark holds; both for a committee to set
WARN_VILLAGE_GAP, FAIL_VILLAGE_GAP = 0.15, 0.50
WARN_AREA_SHARE = 0.02
WARN_NULL_SHARE, FAIL_NULL_SHARE = (
    0.10,
    1.0,
)  # an alarm: it tells what happens where the right person is absent
WARN_SCORE_DRIFT, FAIL_SCORE_DRIFT = 0.10, 0.25  # by custom; for a committee to set
# Of one feature they only warn: a county may well differ in one from where the card was trained. With one year of
# books, income_volatility is missing for all, and no index of a bin that training hardly knew has an upper end.
WARN_FEATURE_DRIFT = WARN_MISSING_DRIFT = 0.10


@dataclass(frozen=True)
class Gate:
    """One question and its answer."""

    gate: str
    value: float | None
    threshold: str
    verdict: str
    explanation: str


def _below(gate: str, value: float | None, warn: float, fail: float, explanation: str) -> Gate:
    """Pass up to `warn`, warn up to `fail`, fail above or where the figure is missing."""
    verdict = "fail" if value is None or value > fail else "warn" if value > warn else "pass"
    return Gate(gate, value, f"warn above {warn:g}, fail above {fail:g}", verdict, explanation)


def _at_most(gate: str, value: float | None, warn: float, explanation: str) -> Gate:
    """Warn above `warn`; fail only where the figure is missing."""
    verdict = "fail" if value is None else "warn" if value > warn else "pass"
    return Gate(gate, value, f"warn above {warn:g}, fail where missing", verdict, explanation)


def judge_gates(
    intake: Intake,
    decisions: pa.Table,
    deliveries: pa.Table,
    checks: pa.Table,
    drift: pa.Table,
    fairness: Fairness,
    as_of: date,
    related_list_max_age_days: int,
    *,
    is_synthetic_model: bool,
    is_product_run: bool,
    licensed_passes: tuple[str, ...] = (),
) -> pa.Table:
    """Give the run's gates: gate, value, threshold, verdict, explanation."""
    gates = [
        _line_balance(intake),
        _household_balance(intake, decisions, is_product_run=is_product_run),
        _quarantined_share(intake),
        _unlinked_share(intake),
        *_link_gaps(intake),
        _unlicensed(intake, licensed_passes),
        _related_list(intake, as_of, related_list_max_age_days),
        _rejected(intake),
        _deliveries(deliveries),
        _checks(checks),
        _branches(intake),
        _review_share(decisions),
        *_drifts(drift),
        *_approval_ratios(fairness),
        Gate(
            "model_evidence", float(is_synthetic_model), "warn at 1", "warn" if is_synthetic_model else "pass",
            "1: the scorecard was trained on synthetic history and says nothing about real people",
        ),
    ]  # fmt: skip
    return pa.Table.from_pylist(
        [gate.__dict__ for gate in sorted(gates, key=lambda gate: gate.gate)], schema=SCHEMA
    )


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


def _quarantined_share(intake: Intake) -> Gate:
    outcomes = intake.reconciliation.column("outcome")
    data = pc.sum(pc.not_equal(outcomes, "layout")).as_py() or 0
    quarantined = pc.sum(pc.equal(outcomes, "quarantined")).as_py() or 0
    share = quarantined / data if data else None
    return _below(
        "quarantined_share",
        share,
        WARN_QUARANTINED_SHARE,
        FAIL_QUARANTINED_SHARE,
        "quarantined lines over data lines; send the offices their corrections",
    )


def _unlinked_share(intake: Intake) -> Gate:
    """Rows that wait in quarantine because their number stays damaged found no household either."""
    connection = duckdb.connect()
    connection.register("link_quality", intake.link_quality)
    query = """SELECT (sum(unlinked + conflicting) / sum(records))::DOUBLE FROM link_quality
               WHERE contract IN ('household_economy', 'land_subsidy', 'crop_declaration')"""
    ((share,),) = connection.execute(query).fetchall()
    return _below(
        "unlinked_share",
        share,
        WARN_UNLINKED_SHARE,
        FAIL_UNLINKED_SHARE,
        "book, subsidy and crop rows that found no household",
    )


def _link_gaps(intake: Intake) -> list[Gate]:
    """Ask whether a group's linkage falls behind, and whether a wrong village would do as well as the right one."""
    shares = intake.link_shares
    whole_numbers = pc.count(intake.identities.column("person_id")).as_py()
    return [
        _gap("link_gap_of_names", shares["name_gap"], shares["lists_compared"], WARN_NAME_GAP, FAIL_NAME_GAP,
             "linked share of long transliterated names against short ones, mean over lists (computed in memory; by person it is kept nowhere)"),
        _gap("link_gap_of_villages", shares["village_gap"], shares["villages_compared"], WARN_VILLAGE_GAP, FAIL_VILLAGE_GAP,
             "how far the worst village of a list is behind the county in linked share"),
        _below("null_linkage", shares["null_share"], WARN_NULL_SHARE, FAIL_NULL_SHARE,
               "links that likeness finds in a wrong village, over those it finds in the right one; relatives next door are not in it"),
        _gap("id_area_codes", shares["unissued_area_share"], whole_numbers, WARN_AREA_SHARE, 1.0,
             "ID numbers that begin with a code no county ever had: a warning only, as people are born anywhere; synthetic people's all do"),
    ]  # fmt: skip


def _unlicensed(intake: Intake, licensed: tuple[str, ...]) -> Gate:
    """Ask how much rests on passes that no checked sample of the last year has shown to be right often enough."""
    connection = duckdb.connect()
    connection.register("links", intake.links)
    query = """SELECT avg((NOT list_contains($licensed, pass))::INT)::DOUBLE, count(*) FROM links
               WHERE status = 'automatic' AND pass NOT IN ('contractor_code', 'credit_code')"""
    ((share, links),) = connection.execute(query, {"licensed": list(licensed)}).fetchall()
    return _gap("unlicensed_link_passes", share, links, 0.0, 1.0,
                "automatic links by passes without a checked sample of the last year (links review RUN --sample N)")  # fmt: skip


def _gap(
    gate: str, value: float | None, compared: float | None, warn: float, fail: float, explanation: str
) -> Gate:
    """A county with too few records to compare (`compared` is 0) is not judged; a figure that should be there fails."""
    judged = _below(gate, value, warn, fail, explanation)
    if value is None and compared == 0:
        return replace(judged, verdict="pass", explanation=f"not judged, too few records: {explanation}")
    return judged


def _related_list(intake: Intake, as_of: date, max_age_days: int) -> Gate:
    """The related-party list missing or older than the policy allows: publishing is refused (article 40)."""
    rows = intake.settled["related_party"]
    latest = pc.max(rows.column("updated_on")).as_py() if rows.num_rows else None
    age = None if latest is None else float((as_of - latest).days)
    verdict = "fail" if age is None or age > max_age_days else "pass"
    return Gate(
        "related_party_list",
        age,
        f"at most {max_age_days} days old",
        verdict,
        "days since the related-party list was updated; none delivered fails",
    )


def _rejected(intake: Intake) -> Gate:
    count = sum(source.rejected is not None for source in intake.sources)
    return Gate(
        "rejected_extracts",
        float(count),
        "warn above 0",
        "warn" if count else "pass",
        "files or sheets rejected as a whole: ask for them again",
    )


def _deliveries(deliveries: pa.Table) -> Gate:
    """A table that policy needs fails where it is missing, refused or stale; anything else late is a warning."""
    late = [row for row in deliveries.to_pylist() if row["state"] != "complete"]
    is_fatal = any(row["is_needed"] and row["state"] != "partial" for row in late)
    return Gate(
        "deliveries",
        float(len(late)),
        "warn above 0, fail where a needed table is lacking",
        "fail" if is_fatal else "warn" if late else "pass",
        "tables of the county's calendar, by township, that are missing, stale, partial or refused",
    )


def _checks(checks: pa.Table) -> Gate:
    verdicts = checks.column("verdict").to_pylist()
    worst = next((verdict for verdict in ("fail", "warn") if verdict in verdicts), "pass")
    return Gate(
        "extract_checks",
        float(sum(verdict != "pass" for verdict in verdicts)),
        "below a minimum fails, above a maximum warns",
        worst,
        "figures of deliveries as a whole that are out of their bounds: rows, change, fill, duplicates, medians",
    )


def _branches(intake: Intake) -> Gate:
    served = set(intake.settled["branch"].column("township_code").to_pylist())
    households = intake.facts["households"]
    mask = pc.invert(households.column("is_trader_only"))
    townships = set(households.filter(mask).column("township_code").to_pylist())
    return _exact(
        "branch_for_every_township",
        len(townships - served),
        "townships with households and no branch in the bank's list",
    )


def _review_share(decisions: pa.Table) -> Gate:
    total = decisions.num_rows
    share = (
        (pc.sum(pc.equal(decisions.column("decision"), "manual_review")).as_py() or 0) / total
        if total
        else None
    )
    return _below(
        "manual_review_share",
        share,
        WARN_REVIEW_SHARE,
        1.0,
        "households that a person must look at; a branch has only so many hands",
    )


def _drifts(drift: pa.Table) -> list[Gate]:
    """Ask whether the county is still like the training's households, as a whole and feature by feature."""
    rows = {row["feature"]: row for row in drift.to_pylist()}
    score, features = rows.pop(SCORE), list(rows.values())
    rises = [_rise(row["missing_share"], row["missing_share_training"]) for row in features]
    return [
        _below("score_drift", score["psi_training"], WARN_SCORE_DRIFT, FAIL_SCORE_DRIFT,
               "stability index of the score against the training's rows; above it the card's probabilities are of another population"),
        _at_most("feature_drift", _largest([row["psi_training"] for row in features]), WARN_FEATURE_DRIFT,
                 "largest stability index of a feature against the training's rows; `drift` names it"),
        _at_most("missing_drift", _largest(rises), WARN_MISSING_DRIFT,
                 "largest rise of a feature's missing share over the training's; a list may be late, partial or new"),
    ]  # fmt: skip


def _rise(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def _largest(figures: list[float | None]) -> float | None:
    """Give the largest figure; None where one of them is missing, for it might be the largest."""
    known = [figure for figure in figures if figure is not None]
    return max(known) if known and len(known) == len(figures) else None


def _approval_ratios(fairness: Fairness) -> list[Gate]:
    """Ask whether a group is granted less often than four fifths of the best one.

    Neither fails: need and means may differ between groups for good reason, and which reason is good is for the
    committee to say. A county with too few of a group to compare is not judged.
    """
    ratios = fairness.groups.column("approval_ratio")
    return [
        _four_fifths("approval_ratio_of_groups", pc.min(ratios).as_py(),
                     "smallest approval share of a group over its attribute's best, by sex, age, land and being monitored; `fairness` names it"),
        _four_fifths("approval_ratio_of_names", fairness.ratio_of_names,
                     "approval shares of borrowers with long transliterated and with short names, the smaller over the larger (computed in memory; kept nowhere else)"),
    ]  # fmt: skip


def _four_fifths(gate: str, value: float | None, explanation: str) -> Gate:
    verdict = "warn" if value is not None and value < FOUR_FIFTHS else "pass"
    return Gate(gate, value, f"warn below {FOUR_FIFTHS:g}", verdict, explanation)
