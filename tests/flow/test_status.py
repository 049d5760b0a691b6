"""What waits in a county, for whom and for how many days: from a staged run to the last branch's answer."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, SIGNER, Scored, copy_of, on_day
from tests.conftest import PREPARER as CLERK
from village_credit.china_calendar import day_in_china
from village_credit.cli import main
from village_credit.ledger.ledger import Ledger
from village_credit.publish.outbox import refresh_warehouse
from village_credit.services.approval import approve as sign
from village_credit.services.approval.publish import publish
from village_credit.services.approval.withdraw import withdraw
from village_credit.services.queries.status import status
from village_credit.services.queries.waiting import Waiting, waiting
from village_credit.services.servicing.acknowledge import acknowledge
from village_credit.store import runs
from village_credit.store.store import Store

LATER = AS_OF + timedelta(days=400)  # after whatever an act of a test is dated


def waits(store: Store, on: date = LATER) -> dict[str, list[Waiting]]:
    found: dict[str, list[Waiting]] = {}
    manifests = {run_id: store.manifest(run_id) for run_id in store.run_ids()}
    for one in waiting(store, Ledger.of(store), manifests, on):
        found.setdefault(one.what, []).append(one)
    return found


@pytest.fixture
def without_views(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)


def test_a_run_waits_for_its_signature_then_for_its_publication(staged: Scored, tmp_path: Path, without_views: None):
    store, run_id = copy_of(staged, tmp_path).store, staged.run.run_id
    failed = runs.failed_gates(store, run_id)
    (one,) = waits(store)["signature"]
    assert (one.county_code, one.of, one.count) == (COUNTY_OF_TESTS, run_id, 1)
    assert one.who.startswith(f"the committee, not {CLERK}")
    assert all(gate in one.who for gate in failed)
    assert "answer" not in waits(store)
    with on_day(AS_OF + timedelta(days=3)):
        sign.approve(store, run_id, SIGNER, "test", failed)
        last = day_in_china(
            Ledger.of(store)[-1].at
        ).isoformat()  # never before the staging, whose clock was this machine's
    (one,) = waits(store)["publication"]
    assert (one.of, one.since) == (run_id, last)
    assert "signature" not in waits(store)


def test_each_line_of_a_branch_is_waited_for_as_the_views_count_them(quiet: Scored, tmp_path: Path):
    store = copy_of(quiet, tmp_path).store
    refresh_warehouse(store)
    told, run_id = Ledger.of(store).publications[0].publication_id, quiet.run.run_id
    first, second = waits(store, AS_OF + timedelta(days=5))["answer"]
    assert (first.of, first.who, first.days, second.who) == (run_id, "branch 0071", 5, "branch 0072")
    with (store.root / "outbox" / COUNTY_OF_TESTS / told / "0071" / "limits.csv").open(encoding="utf-8-sig") as file:
        lines = [row for row in csv.DictReader(file) if int(row["limit_yuan"])]
    path = tmp_path / "回执.csv"
    header = "publication_id,household_ref,outcome,reason,at,branch_limit_yuan"
    for answered in (lines[:1], lines):  # one line's answer is no answer of the others
        rows = [f"{told},{row['household_ref']},imported,,{AS_OF}," for row in answered]
        path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        acknowledge(store, path, CLERK, MODELS / "limit_policy.toml", "0071")
        of_branch = [one for one in waits(store)["answer"] if "0071" in one.who]
        assert [one.count for one in of_branch] == [first.count - len(answered)] * (len(answered) < first.count)


def test_a_past_day_is_told_as_it_stood(quiet: Scored, tmp_path: Path, without_views: None):
    store = copy_of(quiet, tmp_path).store
    with on_day(AS_OF + timedelta(days=9)):
        withdraw(store, COUNTY_OF_TESTS, SIGNER, "test")
    days = (AS_OF - timedelta(days=1), AS_OF, AS_OF + timedelta(days=8), AS_OF + timedelta(days=9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("village_credit.services.queries.status.today", lambda: AS_OF + timedelta(days=20))
        said = [[row["status"] for row in status(store, day)] for day in days]
    assert said == [[], ["published"], ["published"], ["withdrawn"]]


def test_what_began_later_does_not_wait_on_a_day_and_what_is_withdrawn_waits_for_nobody(
    quiet: Scored, tmp_path: Path, without_views: None
):
    store = copy_of(quiet, tmp_path).store
    assert waits(store, AS_OF - timedelta(days=1)) == {}
    withdraw(store, COUNTY_OF_TESTS, SIGNER, "test")
    assert {"answer", "review"} & waits(store).keys() == set()


def test_households_wait_for_a_review_until_somebody_gave_a_word(published: Scored):
    (row,) = status(published.store, LATER)  # each run has what of it waits
    households = published.run.counts["households"].get("manual_review", 0)
    found = {one["what"]: one["count"] for one in row["waiting"]}
    assert (found["review"], households > 0) == (households, True)


def test_the_command_writes_it_county_by_county(
    staged: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    store = copy_of(staged, tmp_path).store
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    assert main(["status", "--on", LATER.isoformat()]) == 0
    first, run, *others = capsys.readouterr().out.splitlines()
    assert (first, run.split()[:3]) == (f"{COUNTY_OF_TESTS} 沙枣县", ["staged", AS_OF.isoformat(), staged.run.run_id])
    assert any(line.startswith("  waits") and staged.run.run_id in line for line in others)
    assert main(["status", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["run_id"] == staged.run.run_id


def test_a_published_run_is_not_shown_twice_and_earlier_ones_are_counted(
    quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    scored = copy_of(quiet, tmp_path)
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(scored.store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    again = ["rescore", "--county", COUNTY_OF_TESTS, "--by", CLERK, "--as-of"]
    for day in ("2026-11-02", "2026-11-03"):
        assert main([*again, day]) == 0
    run = next(e.run_id for e in reversed(Ledger.of(scored.store)) if e.act == "stage")
    capsys.readouterr()
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()[1:4]] == ["staged", "published", "and"]
    assert "and 1 other run" in said
    assert said.count(run) == 2
    sign.approve(scored.store, run, SIGNER, "test", runs.failed_gates(scored.store, run))
    publish(scored.store, run, CLERK)
    assert main(["status"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:3]] == ["published", "and"]
