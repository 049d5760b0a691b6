"""The notebook of a manager's questions runs whole, without a network, and says what the saved queries say."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import village_credit
from tests.conftest import COUNTY_OF_TESTS, ROOT, Scored
from village_credit.services.queries import saved

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.py"))
(MANAGER,) = NOTEBOOKS


def ran(path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run every cell as a script does, with no network; gives what the cells define."""

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("the notebook asked the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, defined = module.app.run()
    return dict(defined)


def test_it_answers_as_the_saved_queries_do(lived: Scored, monkeypatch: pytest.MonkeyPatch):
    found = ran(MANAGER, lived.store.root, monkeypatch)
    with village_credit.open_warehouse(lived.store.root) as views:
        told = {name: saved.rows_of(saved.answer(views, name)) for name in
                ("drawn_against_limit", "season_draws", "branches_behind", "early_warnings")}  # fmt: skip
    assert found["county"].value == COUNTY_OF_TESTS
    assert found["months"].in_force_yuan.tolist() == [row["in_force_yuan"] for row in told["drawn_against_limit"]]
    assert found["months"].drawn_yuan.tolist() == [row["drawn_yuan"] for row in told["drawn_against_limit"]]
    assert sorted(found["season"].drawn_to_date_yuan) == sorted(
        row["drawn_to_date_yuan"] for row in told["season_draws"]
    )
    assert found["behind"].answers_open.sum() == sum(row["answers_open"] for row in told["branches_behind"])
    assert found["warned"].lines.tolist() == [row["lines"] for row in told["early_warnings"]]
    households = found["stages"].households.tolist()
    assert len(households) == 9
    assert households[0] > households[3] > households[7] > 0


def test_before_anything_was_published_it_says_so_and_runs_whole(staged: Scored, monkeypatch: pytest.MonkeyPatch):
    found = ran(MANAGER, staged.store.root, monkeypatch)
    assert found["county"].value is None
    assert found["said"] == "Nothing of this county was published yet."
    assert not len(found["months"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_as_its_tool_writes_it(path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "marimo", "check", "--strict", str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
