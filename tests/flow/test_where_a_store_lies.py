"""A store says the same wherever it lies: folders named NAME=VALUE above it are no columns, marks no patterns."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import COUNTY_OF_TESTS, Scored, by_unit, copy_of, next_run_id, put_in_force
from village_credit.cli import main
from village_credit.publish.outbox import refresh_warehouse
from village_credit.publish.views import view_names
from village_credit.store.opening import open_with_keys
from village_credit.store.store import Store

COLUMNS = "/".join(
    (
        *("product=loan", "run_id=x", "household_key=1", "decision=granted", "county_code=000000", "as_of=2020-01-01"),
        *("limit_yuan=7", "measure=rows", "gate=g", "verdict=fail", "feature=f", "value=9", "policy_limit_yuan=5"),
        *("branch_code=b", "contract=c"),
    )
)
MARKS = "it's/a[1]/b*c"


def views(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    refresh_warehouse(store)
    with duckdb.connect(str(store.warehouse), read_only=True) as connection:
        made = {name for (name,) in connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}
        return {
            name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in view_names() if name in made
        }


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("place", [COLUMNS, MARKS])
def test_every_view_and_the_next_run_are_the_same_below_such_folders(quiet: Scored, tmp_path: Path, place: str):
    moved = copy_of(quiet, tmp_path / place).store
    assert views(moved) == views(quiet.store)
    later = date(2027, 11, 1)
    here, there = (next_run_id(store, quiet.inbox, COUNTY_OF_TESTS, later) for store in (quiet.store, moved))
    assert here == there


def test_every_question_has_the_same_answer_below_such_folders(
    quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    run = quiet.run.run_id
    household = by_unit(quiet.store, run, [row[3] for row in views(quiet.store)["limits_current"]])[0]
    questions = [
        ["explain", household, "--lang", "zh"],
        ["notices", run, "--lang", "zh"],
        ["diff", run, "--against", "published", "--by", "reason"],
        ["status", "--json"],
        ["verify", run, "--json"],
        ["rescore", "--county", COUNTY_OF_TESTS, "--by", "1001", "--dry-run", "--json"],
    ]
    answers = []
    for folder in (tmp_path / "plain", tmp_path / "product=loan/run_id=x" / MARKS):
        store = copy_of(quiet, folder).store
        monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
        monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(folder / "keys"))
        answers.append([told(capsys, *words).replace(str(folder), "") for words in questions])
    assert answers[0] == answers[1]


def test_a_county_is_scored_signed_published_and_explained_below_such_folders(quiet: Scored, tmp_path: Path, capsys):
    folder = tmp_path / "product=loan" / "run_id=x"
    words = ["--store", str(folder / "store"), "--json"]
    score = ["score", "--inbox", str(quiet.inbox), "--county", COUNTY_OF_TESTS, "--as-of", "2026-11-01", "--by", "1001"]
    run = json.loads(told(capsys, *score, *words))
    assert run["sum_limit_yuan"] == quiet.run.sum_limit_yuan
    store, _ = open_with_keys(folder / "store", Path(f"{folder / 'store'}.keys"))
    put_in_force(store, run["run_id"])
    products = {row[4] for row in views(store)["limits_current"]}
    assert products == {row[4] for row in views(quiet.store)["limits_current"]}
