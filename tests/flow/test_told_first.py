"""What failed stands before what warns, and that before what holds; a mistyped gate is told the gates there are."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, PREPARER, SIGNER, Scored, copy_of, score_into
from tests.pages import rows_of
from village_credit.cli.scoring import staged_text
from village_credit.errors import UsageError
from village_credit.policy.gate_thresholds import GATE_TEXTS
from village_credit.report.translations import in_language, translated
from village_credit.services.approval import approve
from village_credit.services.scoring import rescore

WORSE_FIRST = ("fail", "warn", "pass")


def assert_worse_first(verdicts: list[str]) -> None:
    places = [WORSE_FIRST.index(verdict) for verdict in verdicts]
    assert len(set(places)) > 1
    assert all(one <= next_one for one, next_one in pairwise(places))


def test_warnings_stand_before_passes_in_the_summary_and_on_the_page(staged: Scored):
    assert_worse_first([gate["verdict"] for gate in staged.run.gates])
    assert_worse_first(re.findall(r"^    (fail|warn|pass) ", staged_text(staged.run), re.MULTILINE))
    page = (staged.store.run_folder(staged.run.run_id) / "report.html").read_text(encoding="utf-8")
    told = [gate for gate, *_ in rows_of(page, "gates")]
    places = [told.index(in_language(translated("gate_names", gate["gate"]), "zh")) for gate in staged.run.gates]
    assert places == sorted(places)


@pytest.mark.parametrize("typed", ["quarantined_shares", "Related_List", "", "all"])
def test_a_mistyped_gate_is_told_the_gates_there_are(staged: Scored, typed: str):
    with pytest.raises(UsageError, match=rf"no such gate; gates are .*{min(GATE_TEXTS)}"):
        approve.approve(staged.store, staged.run.run_id, SIGNER, "test", [f"{typed}=why"])


def test_a_county_is_scored_again_as_of_its_latest_day_and_from_that_day_s_files(quiet: Scored, tmp_path):
    store = copy_of(quiet, tmp_path).store
    score_into(store, quiet.inbox, COUNTY_OF_TESTS, date(2026, 10, 1))  # a late night, staged last
    wish = rescore.RescoreRequest(None, PREPARER, MODELS, None, None, None)
    assert rescore.latest_day(store, COUNTY_OF_TESTS) == date(2026, 11, 1)
    assert rescore.rescore(store, COUNTY_OF_TESTS, wish).as_of == "2026-11-01"
    assert rescore.latest_day(store, "653199") is None
