"""A county is scored in a process of its own: what ends it is told in our words, and nothing that it quoted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipelines.apart import score_apart
from pipelines.verdicts import ActFailed, WorldAway, impersonal
from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, PREPARER, Scored
from village_credit.errors import MissingInput, UsageError

CANARY = "659900190001011237"


def asked(inbox: Path, *, if_due: bool = False) -> dict[str, object]:
    return score_apart(COUNTY_OF_TESTS, AS_OF, inbox, PREPARER, if_due=if_due)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Let the interpreter be a script of ours."""

    def is_now(script: str) -> None:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(path))

    return is_now


def test_the_same_inputs_give_the_run_that_is_there_and_nothing_came(staged: Scored, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(staged.store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(staged.store.root.parent / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_MODELS", str(MODELS))
    monkeypatch.setenv("VILLAGE_CREDIT_MEMO_MB", "0")
    found = asked(staged.inbox)
    assert (found["run_id"], found["noop"]) == (staged.run.run_id, True)
    assert asked(staged.inbox, if_due=True)["reasons"] == []


def test_what_the_command_refuses_is_refused_by_its_own_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(tmp_path / "store"))
    with pytest.raises(MissingInput, match="inbox"), impersonal():
        asked(tmp_path / "none")


def test_a_killed_process_is_worth_another_try(program, tmp_path: Path):
    program("kill -9 $$")
    with pytest.raises(WorldAway, match="killed"), impersonal():
        asked(tmp_path)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (f'echo "ValueError: {CANARY}" >&2; exit 1', ActFailed),
        (f'echo "{CANARY} is no JSON"', ActFailed),
        (f'echo "village-credit score: x {CANARY} y" >&2; exit 2', UsageError),
    ],
)
def test_nothing_that_a_command_quoted_is_told(program, tmp_path: Path, script: str, kind: type[Exception]):
    program(script)
    with pytest.raises(kind) as caught, impersonal():
        asked(tmp_path)
    assert CANARY not in str(caught.value)


def test_what_is_printed_is_read_as_utf_8_whatever_the_machine_speaks(program, tmp_path: Path):
    program('test "$PYTHONUTF8" = 1 && echo \'{"county": "沙枣县"}\'')
    assert asked(tmp_path) == {"county": "沙枣县"}
