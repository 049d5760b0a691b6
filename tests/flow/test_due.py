"""A night that finds nothing new makes no run; whatever is new, or has come, is named."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines import steps
from tests.conftest import (
    AS_OF,
    COUNTY_OF_TESTS,
    MODELS,
    PREPARER,
    SIGNER,
    Scored,
    copy_of,
    new_store,
    on_day,
    score_into,
)
from village_credit import cli
from village_credit.errors import UsageError
from village_credit.extract.inbox import pull
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.publish.recording import record
from village_credit.services.casework import holds, relief
from village_credit.services.rules import Request
from village_credit.services.scoring import due
from village_credit.store.store import Store

NEXT = AS_OF + timedelta(days=1)
ELSEWHERE = 'cause = "disaster"\narea_codes = ["{}"]\nfrom = 2026-11-05\nto = 2026-11-20\ndocument = "(虚构)1号"\n'


@pytest.fixture
def inbox(quiet: Scored, tmp_path: Path) -> Path:
    return Path(shutil.copytree(quiet.inbox, tmp_path / "inbox"))


@pytest.fixture
def store(quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Spared the time to build views that no test here reads; all that is done is done on the next day."""
    monkeypatch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)
    monkeypatch.setattr("village_credit.publish.handing_out.refresh_warehouse", lambda _store: None)
    with on_day(NEXT):
        yield copy_of(quiet, tmp_path).store


def reasons(store: Store, inbox: Path, as_of: date = NEXT, most_days: int = due.MOST_DAYS, **changes: Any) -> list[str]:
    request = Request(COUNTY_OF_TESTS, as_of, PREPARER, MODELS, **changes)
    return due.due(store, list(pull(inbox, COUNTY_OF_TESTS)), request, most_days).reasons


def test_where_nothing_came_no_run_is_made_and_one_line_says_so(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(store.root.parent / "keys"))
    acts, runs = len(Ledger.of(store)), store.run_ids()
    words = f"score --inbox {inbox} --county {COUNTY_OF_TESTS} --as-of {NEXT} --by {PREPARER} --if-due".split()
    assert cli.main(words) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [f"county {COUNTY_OF_TESTS}: nothing came and nothing is due since run {runs[0]} of {AS_OF}"]
    assert (len(Ledger.of(store)), store.run_ids()) == (acts, runs)
    assert cli.main([*words, "--product", "trader_loan"]) == 2


def test_a_file_that_is_new_other_or_gone_is_a_reason(store: Store, inbox: Path):
    (one, *_) = sorted(inbox.rglob("*.csv"))
    content = one.read_bytes()
    one.write_bytes(content + b"\n")
    assert reasons(store, inbox) == ["delivered since: 1 files that are new or others, 1 gone"]
    one.unlink()
    assert reasons(store, inbox) == ["delivered since: 0 files that are new or others, 1 gone"]
    one.write_bytes(content)
    one.with_name("补报.csv").write_bytes(b"a\n")
    assert reasons(store, inbox) == ["delivered since: 1 files that are new or others, 0 gone"]


def test_other_rules_are_a_reason(store: Store, inbox: Path, tmp_path: Path):
    policy = tmp_path / "limit_policy.toml"
    policy.write_bytes((MODELS / "limit_policy.toml").read_bytes() + b"\n# another day\n")
    assert reasons(store, inbox, policy_file=policy) == ["changed since: policy"]


def test_what_people_did_in_this_county_is_a_reason_and_elsewhere_is_none(store: Store, inbox: Path, tmp_path: Path):
    declaration = tmp_path / "flood.toml"
    declaration.write_text(ELSEWHERE.format("653199"), encoding="utf-8")
    relief.declare(store, declaration, SIGNER)
    assert reasons(store, inbox) == []
    key = lines_in_force(store, Ledger.of(store), COUNTY_OF_TESTS).column("household_key")[0].as_py()
    holds.hold(store, key, SIGNER, "x")
    assert reasons(store, inbox) == ["done since: 1 hold"]
    record(store, "of_tomorrow", SIGNER, "", {})
    assert reasons(store, inbox) == ["done since: 1 hold, 1 of_tomorrow"]


def test_a_day_that_came_is_a_reason(store: Store, inbox: Path):
    assert not [reason for reason in reasons(store, inbox, AS_OF + timedelta(days=30)) if reason.endswith("days since")]
    assert "31 days since" in reasons(store, inbox, AS_OF + timedelta(days=31))
    lines = lines_in_force(store, Ledger.of(store), COUNTY_OF_TESTS).to_pylist()
    first = min(row["valid_to"] for row in lines if row["valid_to"])
    count = sum(row["valid_to"] == first for row in lines)
    told = reasons(store, inbox, first, 10_000), reasons(store, inbox, first + timedelta(days=1), 10_000)
    assert not any("are over" in reason for reason in told[0])
    assert f"lines that are over by this day: {count:,}" in told[1]
    reviews = min(row["review_due_on"] for row in lines if row["review_due_on"])
    due_then = sum(row["review_due_on"] == reviews for row in lines)
    assert reasons(store, inbox, reviews - timedelta(days=1), 10_000) == []
    assert f"lines that are to be reviewed by this day: {due_then:,}" in reasons(store, inbox, reviews, 10_000)


@pytest.mark.parametrize(("day", "came"), [(AS_OF, False), (NEXT, True), (NEXT + timedelta(days=1), False)])
def test_a_dated_figure_counts_from_its_day(store: Store, day: date, came: bool):
    rules = SimpleNamespace(
        policy=SimpleNamespace(figures=[SimpleNamespace(from_=day)]),
        scorecard=SimpleNamespace(valid_to=date(2030, 1, 1)),
    )
    request = Request(COUNTY_OF_TESTS, NEXT, PREPARER, MODELS)
    said = list(due._come(store, Ledger.of(store), request, rules, AS_OF))
    assert said == (["a day of the policy, the scorecard or a relief has come"] if came else [])


def test_a_county_that_was_never_scored_is_due_and_a_day_to_come_is_refused(tmp_path: Path, inbox: Path):
    store = new_store(tmp_path / "new")
    assert reasons(store, inbox) == ["it was never scored in this store"]
    with pytest.raises(UsageError, match="is a day to come"):
        reasons(store, inbox, date(2026, 12, 1), asked_on=NEXT)


def test_all_counties_of_an_inbox_are_scored_and_one_that_fails_stops_no_other(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(store.root.parent / "keys"))
    for name in ("653199", "650000", "notes"):
        (inbox / name).mkdir()
    words = f"score --inbox {inbox} --all-counties --as-of {NEXT} --by {PREPARER} --if-due"
    assert cli.main(words.split()) == 7
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"county {COUNTY_OF_TESTS}: nothing came and nothing is due since run {store.run_ids()[0]} of {AS_OF}"
    ]
    assert "county 653199: inbox of county 653199 is empty" in said.err
    assert "650000" not in said.err
    for wrong in (f"{words} --county 659900", words.replace("--all-counties", "")):
        with pytest.raises(SystemExit) as refused:
            cli.main(wrong.split())
        assert refused.value.code == 2
    shutil.rmtree(inbox / COUNTY_OF_TESTS)
    shutil.rmtree(inbox / "653199")
    assert cli.main(words.split()) == 7
    assert "no folder named by a county code" in capsys.readouterr().err


def test_a_day_inside_a_delivery_is_watched(quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A source's legal basis ends: nothing came, nobody did anything, and a scoring would decide otherwise."""
    monkeypatch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)
    inbox = Path(shutil.copytree(quiet.inbox, tmp_path / "inbox"))
    (basis,) = (path for path in inbox.rglob("*.csv") if "依据类型" in path.read_text("utf-8-sig", errors="replace"))
    header, *lines = basis.read_text("utf-8-sig").splitlines()
    place = header.split(",").index("失效日期")
    rows = [line.split(",") for line in lines]
    for row in rows:
        row[place] = (AS_OF + timedelta(days=4)).isoformat()
    basis.write_text("\n".join([header, *map(",".join, rows), ""]), encoding="utf-8-sig")
    store = new_store(tmp_path)
    score_into(store, inbox, COUNTY_OF_TESTS)
    assert reasons(store, inbox, AS_OF + timedelta(days=4)) == []
    told = reasons(store, inbox, AS_OF + timedelta(days=5))
    assert told[0].startswith("lines that this day decides otherwise: ")
    assert "legal_basis" in told[1]


def test_the_night_leaves_a_county_alone_and_says_so(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(store.root.parent / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_MODELS", str(MODELS))
    monkeypatch.setattr(steps, "get_run_logger", logging.getLogger)
    monkeypatch.setattr(steps, "today", lambda: NEXT)
    with caplog.at_level(logging.INFO):
        assert steps.stage.fn(COUNTY_OF_TESTS, NEXT, str(inbox), if_due=True) == ""
    assert "nothing came and nothing is due since run" in caplog.text
