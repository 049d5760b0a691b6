"""Gates at their edges, by hand.

Who waits for a basis, how far a run moves, what a budget cut, how long a card holds.
"""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest

from tests.builders import shipped_policy
from village_credit.tables.gates import Outcome, _budget, _changes, _legal_basis, _model, outcome_of

POLICY = shipped_policy()
GRANTED, WAITING = ("granted", []), ("manual_review", ["NO_LEGAL_BASIS"])
DECISIONS = pa.schema([("decision", pa.string()), ("reason_codes", pa.list_(pa.string())), ("limit_yuan", pa.int64())])


def decisions(*rows: tuple[str, list[str]], yuan: int = 10_000) -> pa.Table:
    told = [
        {"decision": decision, "reason_codes": codes, "limit_yuan": yuan if decision == "granted" else 0}
        for decision, codes in rows
    ]
    return pa.Table.from_pylist(told, schema=DECISIONS)


@pytest.mark.parametrize(
    ("waiting", "value", "verdict"), [(5, 0.05, "pass"), (6, 0.06, "warn"), (30, 0.30, "warn"), (31, 0.31, "fail")]
)
def test_who_waits_for_a_basis_warns_above_a_twentieth_and_fails_above_three_tenths(waiting, value, verdict):
    gate = _legal_basis(decisions(*[WAITING] * waiting, *[GRANTED] * (100 - waiting)), POLICY)
    assert (gate.value, gate.verdict) == (value, verdict)


def test_who_is_declined_for_another_reason_does_not_wait_for_a_basis():
    other = ("declined", ["CONSENT_WITHDRAWN", "NO_LEGAL_BASIS"])
    assert _legal_basis(decisions(other, GRANTED), POLICY).value == 0
    second = ("manual_review", ["OBJECTION", "NO_LEGAL_BASIS"])
    assert _legal_basis(decisions(second, GRANTED), POLICY).value == 0.5
    assert _legal_basis(decisions(), POLICY).verdict == "fail"


def test_a_run_s_outcome_is_what_it_grants():
    frozen = {"decision": "declined", "reason_codes": ["FROZEN"], "limit_yuan": 7_000}
    table = pa.concat_tables([decisions(GRANTED, GRANTED, WAITING), pa.Table.from_pylist([frozen], DECISIONS)])
    assert outcome_of(table) == Outcome(0.5, 20_000)
    assert outcome_of(decisions()) == Outcome(None, 0)


@pytest.mark.parametrize(
    ("now", "before", "values", "verdicts"),
    [
        (Outcome(0.5, 100), Outcome(0.5, 100), (0.0, 0.0), ("pass", "pass")),
        (Outcome(0.6, 150), Outcome(0.5, 100), (0.2, 0.5), ("warn", "fail")),
        (Outcome(0.4, 50), Outcome(0.5, 100), (0.2, 0.5), ("warn", "fail")),
        (Outcome(0.5, 100), Outcome(0.0, 0), (None, None), ("fail", "fail")),
        (Outcome(None, 0), Outcome(0.5, 100), (None, 1.0), ("fail", "fail")),
        (Outcome(0.5, 100), None, (None, None), ("pass", "pass")),
    ],
)
def test_a_change_counts_up_and_down_and_from_nothing_published_is_not_judged(now, before, values, verdicts):
    gates = _changes(now, before, POLICY)
    assert [gate.value for gate in gates] == [None if v is None else pytest.approx(v) for v in values]
    assert tuple(gate.verdict for gate in gates) == verdicts


def test_a_budget_warns_of_each_household_that_it_cut():
    states = pa.table({"budget_state": ["cut", "not_binding", "not_asked", "cut"]})
    assert (_budget(states, POLICY).value, _budget(states, POLICY).verdict) == (2.0, "warn")
    idle = _budget(states.slice(1, 2), POLICY)
    assert (idle.value, idle.verdict, idle.explanation) == (0.0, "pass", "not binding: no cap is set")


@pytest.mark.parametrize(("days", "verdict"), [(61, "pass"), (60, "pass"), (59, "warn"), (0, "warn"), (-1, "fail")])
def test_a_scorecard_s_last_days_warn_and_an_expired_one_fails(days, verdict):
    last = POLICY.as_of.fromordinal(POLICY.as_of.toordinal() + days)
    card = SimpleNamespace(valid_to=last, training=SimpleNamespace(is_synthetic=False))
    evidence, valid = _model(card, POLICY)  # type: ignore[arg-type]
    assert (valid.value, valid.verdict) == (float(days), verdict)
    assert (evidence.value, evidence.verdict) == (0.0, "pass")
