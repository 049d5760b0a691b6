"""On what a limit rests that nothing of a household's own changes: on who decided, not on a term that bound nothing."""

from __future__ import annotations

import pytest

from village_credit.services.queries.explain import what_it_rests_on


@pytest.mark.parametrize(
    ("decision", "reasons", "term", "rests_on"),
    [
        ("granted", [], "capacity", None),
        ("granted", [], "rise", "rise"),
        ("granted", [], "branch", "branch"),
        ("declined", ["BRANCH_REFUSED"], "need", "BRANCH_REFUSED"),
        ("declined", ["BRANCH_REFUSED", "LOWEST_BAND"], "relief", "BRANCH_REFUSED"),
        ("declined", ["BELOW_SMALLEST_TICKET"], "rise", "rise"),
        ("declined", ["BUDGET_EXHAUSTED"], "budget", "budget"),
        ("declined", ["RENEWAL_DUE"], "rise", None),
        ("manual_review", ["NO_BORROWER"], "rise", None),
        ("declined", ["NO_ROOM_CAPACITY"], "capacity", None),
    ],
)
def test_a_term_counts_where_no_other_reason_refuses(
    decision: str, reasons: list[str], term: str, rests_on: str | None
):
    assert what_it_rests_on({"decision": decision, "reason_codes": reasons, "binding_term": term}) == rests_on
