"""What names a county, a run, a household or a scorecard is that name whole: no shell's completion, no path, no dot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import PREPARER, Scored, copy_of, request_of
from village_credit.cli import main
from village_credit.errors import MissingInput, UsageError, VerificationFailed
from village_credit.extract.inbox import list_inbox, pull
from village_credit.identifiers import require_household_key, require_model_id
from village_credit.ledger.ledger import Ledger
from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish as publishing
from village_credit.services.rules import scorecard_path
from village_credit.services.scoring.stage import score_inbox

NO_COUNTIES = [
    *("659900/", "./659900", ".", "..", "../659900", "659900/..", "*"),
    *("", "65990", "6599000", "659900 ", "659900\n", "６５９９００", "65990O"),
]
BESIDE_A_RUN = ["{}/", "./{}", "{}/.", "../runs/{}", "{} ", "{}\n", "{}/../{}"]


@pytest.mark.parametrize("named", NO_COUNTIES)
def test_a_county_is_six_digits_wherever_it_is_asked_for(quiet: Scored, named: str):
    with pytest.raises(UsageError, match="six digits"):
        request_of(named)
    with pytest.raises(UsageError, match="six digits"):
        list_inbox(quiet.inbox, named)
    with pytest.raises(UsageError, match="six digits"):
        next(pull(quiet.inbox, named))


@pytest.mark.parametrize("named", NO_COUNTIES)
def test_the_command_line_refuses_it_with_exit_code_2(
    quiet: Scored, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for words in (
        ["score", "--inbox", str(quiet.inbox), "--as-of", "2026-11-01"],
        ["rescore"],
        ["simulate", "--policy", "x.toml"],
        ["rollback", "--to", "p", "--by", "1", "--reason", "x"],
        ["synthesize", "--out", str(tmp_path), "--as-of", "2026-11-01"],
    ):
        with pytest.raises(SystemExit) as refused:
            main([*words, f"--county={named}"])
        assert refused.value.code == 2
    assert "six digits" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_county_of_which_the_policy_says_nothing_is_not_scored(quiet: Scored, tmp_path: Path):
    store = copy_of(quiet, tmp_path).store
    acts = len(Ledger.of(store))
    with pytest.raises(UsageError, match="not in the service area"):
        score_inbox(store, quiet.inbox, request_of("650102"))
    assert len(Ledger.of(store)) == acts


@pytest.mark.parametrize("form", BESIDE_A_RUN)
def test_a_run_by_another_name_for_its_folder_is_no_run(staged: Scored, tmp_path: Path, form: str):
    scored = copy_of(staged, tmp_path)
    named = form.format(scored.run.run_id, scored.run.run_id)
    acts = list(Ledger.of(scored.store))
    for by in (PREPARER, "2002"):
        with pytest.raises(MissingInput, match="nothing after them"):
            sign.approve(scored.store, named, by, "x", [])
    with pytest.raises(MissingInput, match="nothing after them"):
        publishing.publish(scored.store, named, PREPARER)
    assert list(Ledger.of(scored.store)) == acts
    assert list((scored.store.root / "approvals").iterdir()) == []


def test_a_folder_that_holds_another_run_s_manifest_is_no_run(staged: Scored, tmp_path: Path):
    scored = copy_of(staged, tmp_path)
    own = scored.store.run_folder(scored.run.run_id)
    other = "r" + "0" * 24
    own.rename(own.with_name(other))
    with pytest.raises(VerificationFailed, match="another run's"):
        scored.store.manifest(other)
    with pytest.raises(VerificationFailed, match="another run's"):
        publishing.publish(scored.store, other, PREPARER)


def test_what_a_crash_left_beside_a_run_is_none(staged: Scored, tmp_path: Path):
    scored = copy_of(staged, tmp_path)
    own = scored.store.run_folder(scored.run.run_id)
    half = own.with_name(f".{own.name}.cafecafe")
    half.mkdir()
    (half / "manifest.json").write_bytes((own / "manifest.json").read_bytes())
    assert scored.store.run_ids() == [scored.run.run_id]


@pytest.mark.parametrize("named", ["../x", "synthetic-2026.1/", "a", "A-2026", "", "x\n", ".hidden"])
def test_a_scorecard_is_named_by_its_id(named: str, tmp_path: Path):
    with pytest.raises(UsageError, match="named by its id"):
        require_model_id(named)
    if named:
        with pytest.raises(UsageError, match="named by its id"):
            scorecard_path(tmp_path, named)


@pytest.mark.parametrize("named", ["h", "h" + "a" * 27, "x" + "a" * 26, "h" + "A" * 26, "h" + "a" * 26 + "\n"])
def test_a_household_is_named_by_its_key(named: str):
    with pytest.raises(UsageError, match="household_key"):
        require_household_key(named)
