"""Days are China's wherever one stands, and no run is as of a day to come unless the policy says so."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, Scored, copy_of
from village_credit import china_calendar
from village_credit.cli import main
from village_credit.ledger import log
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import append
from village_credit.policy.check import check_policy

LATE_IN_UTC = datetime(2026, 10, 31, 16, 30, tzinfo=UTC)  # half past midnight of 1 November in China
SIGNED = {"publication_id": "p1", "county_code": COUNTY_OF_TESTS, "product": None, "as_of": "2026-10-30"}


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment that is another day in UTC than in China."""
    clock = SimpleNamespace(now=LATE_IN_UTC.astimezone, fromisoformat=datetime.fromisoformat)
    monkeypatch.setattr(log, "datetime", clock)
    monkeypatch.setattr(china_calendar, "datetime", clock)


def scored(store: Path, inbox: Path, day: str, *words: str) -> int:
    county = ["--inbox", str(inbox), "--county", COUNTY_OF_TESTS, "--as-of", day, "--by", "1001"]
    return main(["score", *county, "--store", str(store), *words])


@pytest.mark.parametrize("day", ["2026-11-02", "2027-01-01", "2027-12-31"])
def test_a_day_to_come_is_refused_before_anything_is_written(
    quiet: Scored, tmp_path: Path, night: None, day: str, capsys: pytest.CaptureFixture[str]
):
    assert scored(tmp_path / "store", quiet.inbox, day) == 2
    told = capsys.readouterr().err
    assert f"--as-of {day} is a day to come: today is 2026-11-01 in China" in told
    assert list((tmp_path / "store" / "frozen").iterdir()) == []


def test_today_in_china_is_no_day_to_come(quiet: Scored, tmp_path: Path, night: None):
    assert scored(tmp_path / "store", quiet.inbox, "2026-11-01") == 0


def test_a_county_is_not_scored_again_as_of_a_day_to_come_but_may_be_tried(
    quiet: Scored, tmp_path: Path, night: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    again = ["rescore", "--county", COUNTY_OF_TESTS, "--as-of", "2026-11-02", "--by", "1001"]
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(copy_of(quiet, tmp_path).store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    assert main(again) == 2
    assert "a day to come" in capsys.readouterr().err
    assert main([*again, "--dry-run"]) == 0


@pytest.mark.parametrize(("value", "code"), [("1", 2), ("2", 0)])
def test_the_policy_s_gate_says_how_many_days_ahead(quiet: Scored, tmp_path: Path, night: None, value: str, code: int):
    policy = tmp_path / "policy.toml"
    policy.write_text(with_days_ahead(value), encoding="utf-8")
    assert check_policy(policy.read_text(encoding="utf-8"), date(2026, 11, 1)) == []
    assert scored(tmp_path / "store", quiet.inbox, "2026-11-03", "--policy", str(policy)) == code


@pytest.mark.parametrize("value", ["1.5", "-1", "367"])
def test_days_ahead_are_whole_days_of_a_year(value: str):
    assert "figures.gate_days_ahead_fail" in {f.place for f in check_policy(with_days_ahead(value), date(2026, 11, 1))}


def with_days_ahead(value: str) -> str:
    text = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
    rest = 'unit = "days", from = 2026-01-01, reference = "x", verified = false'
    return text.replace(
        "figures = [\n", f'figures = [\n{{ name = "gate_days_ahead_fail", value = {value}, {rest} }},\n', 1
    )


def test_what_was_published_at_night_was_in_force_on_china_s_day(tmp_path: Path, night: None):
    append(tmp_path, "publish", "1001", "r1", SIGNED)
    ledger = Ledger(log.read_ledger(tmp_path))
    assert ledger.until(date(2026, 10, 31)).in_force_of(COUNTY_OF_TESTS) == []
    assert [p.publication_id for p in ledger.until(date(2026, 11, 1)).in_force_of(COUNTY_OF_TESTS)] == ["p1"]


def test_status_and_the_policy_are_asked_of_china_s_day(
    quiet: Scored, night: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asked: list[date] = []
    monkeypatch.setattr("village_credit.services.queries.status.status", lambda _store, on: asked.append(on) or [])
    monkeypatch.setattr("village_credit.cli.records.store_of", lambda _paths: quiet.store)
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    monkeypatch.setattr("village_credit.services.queries.policy.show", lambda _file, on, *_: asked.append(on) or [])
    assert main(["policy", "show", "--json"]) == 0
    assert asked == [date(2026, 11, 1)] * 2
