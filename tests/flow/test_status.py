"""What waits in a county, for whom and for how many days: from a staged run to the last branch's answer."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, SIGNER, Scored, copy_of, on_day
from tests.conftest import PREPARER as CLERK
from village_credit.cli import main
from village_credit.ledger.ledger import Ledger
from village_credit.services.approval import approve as sign
from village_credit.services.approval.publish import publish
from village_credit.services.approval.withdraw import withdraw
from village_credit.services.queries.status import status
from village_credit.services.queries.waiting import Waiting, waiting
from village_credit.services.servicing.acknowledge import acknowledge
from village_credit.store import runs
from village_credit.store.store import Store

LATER = AS_OF + timedelta(days=400)  # after whatever an act of a test is dated


def waits(store: Store, on: date = LATER) -> dict[str, Waiting]:
    found = waiting(store, Ledger.of(store), on)
    assert len({one.what for one in found}) == len(found)
    return {one.what: one for one in found}


@pytest.fixture
def without_views(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)


def test_a_run_waits_for_its_signature_then_for_its_publication(staged: Scored, tmp_path: Path, without_views: None):
    store, run_id = copy_of(staged, tmp_path).store, staged.run.run_id
    failed = runs.failed_gates(store, run_id)
    one = waits(store)["signature"]
    assert (one.county_code, one.of, one.count) == (COUNTY_OF_TESTS, run_id, 1)
    assert one.who.startswith(f"the committee, not {CLERK}")
    assert all(gate in one.who for gate in failed)
    assert "answer" not in waits(store)
    with on_day(AS_OF + timedelta(days=3)):
        sign.approve(store, run_id, SIGNER, "test", failed)
        last = Ledger.of(store)[-1].at[:10]  # never before the staging, whose clock was this machine's
    one = waits(store)["publication"]
    assert (one.of, one.since) == (run_id, last)
    assert "signature" not in waits(store)


def test_branches_are_waited_for_until_each_has_answered(quiet: Scored, tmp_path: Path, without_views: None):
    store = copy_of(quiet, tmp_path).store
    told = Ledger.of(store).publications[0].publication_id
    one = waits(store, AS_OF + timedelta(days=5))["answer"]
    assert (one.of, one.who, one.count, one.days) == (told, "branches 0071, 0072", 2, 5)
    with (store.root / "outbox" / COUNTY_OF_TESTS / told / "0071" / "limits.csv").open(encoding="utf-8-sig") as file:
        reference = next(csv.DictReader(file))["household_ref"]
    path = tmp_path / "回执.csv"
    header = "publication_id,household_ref,outcome,reason,at,branch_limit_yuan"
    path.write_text(f"{header}\n{told},{reference},imported,,{AS_OF},\n", encoding="utf-8")
    acknowledge(store, path, CLERK, MODELS / "limit_policy.toml", "0071")
    assert (waits(store)["answer"].who, waits(store)["answer"].count) == ("branch 0072", 1)


def test_what_began_later_does_not_wait_on_a_day_and_what_is_withdrawn_waits_for_nobody(
    quiet: Scored, tmp_path: Path, without_views: None
):
    store = copy_of(quiet, tmp_path).store
    assert waits(store, AS_OF - timedelta(days=1)) == {}
    withdraw(store, COUNTY_OF_TESTS, SIGNER, "test")
    assert {"answer", "review"} & waits(store).keys() == set()


def test_households_wait_for_a_review_until_somebody_gave_a_word(published: Scored):
    (row,) = status(published.store, LATER)
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
    assert (first, run.split()[:3]) == (COUNTY_OF_TESTS, ["staged", AS_OF.isoformat(), staged.run.run_id])
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
    assert "and 1 earlier run" in said
    assert said.count(run) == 2
    sign.approve(scored.store, run, SIGNER, "test", runs.failed_gates(scored.store, run))
    publish(scored.store, run, CLERK)
    assert main(["status"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:3]] == ["published", "and"]
