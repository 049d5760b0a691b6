"""A run whose manifest is damaged stops its own county, and no other: they are scored, signed and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, PREPARER, SIGNER, Scored, copy_of, score_into
from village_credit import cli
from village_credit.errors import VerificationFailed
from village_credit.publish.warehouse import is_current
from village_credit.services.casework.corrections import ageing
from village_credit.services.queries.diff import diff_runs
from village_credit.synthetic import synthesize

OTHER = "659999"


@pytest.fixture(scope="module")
def two(published: Scored, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scored, Scored, bytes]:
    """Two counties, one in force, whose manifest is cut in the middle; the other staged. And what it was."""
    first = copy_of(published, tmp_path_factory.mktemp("damaged"))
    inbox = first.store.root.parent / "other"
    synthesize(inbox, OTHER, 2, 60, 7, AS_OF, "none")
    second = score_into(first.store, inbox, OTHER)
    manifest = first.store.run_folder(first.run.run_id) / "manifest.json"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[: len(whole) // 2])
    return first, second, whole


def said(scored: Scored, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VILLAGE_CREDIT_KEY_FILE", str(scored.store.root.parent / "keys"))
        code = cli.main([*words, "--store", str(scored.store.root)])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_other_county_goes_on_and_everybody_is_told(
    two: tuple[Scored, Scored, bytes], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    first, second, whole = two
    run_id, is_damaged = second.run.run_id, f"the manifest of run {first.run.run_id} is damaged"
    views = first.store.warehouse.read_bytes()
    signed = ["approve", run_id, "--by", SIGNER, "--reason", "whole"]
    for words in (signed, ["verify", run_id], ["diff", run_id]):
        code, _, err = said(second, capsys, *words)
        assert code == 0, err
    # nobody could say whether a household has a line in the county that cannot be read
    code, _, err = said(second, capsys, "publish", run_id, "--by", PREPARER)
    assert (code, is_damaged in err) == (6, True)
    assert "the analysts' views are not up to date" in caplog.text
    assert is_damaged in caplog.text
    assert first.store.warehouse.read_bytes() == views  # figures without the county would be others
    code, out, err = said(second, capsys, "status", "--json")
    rows = json.loads(out)
    assert (code, {row["run_id"] for row in rows}) == (6, {run_id})
    assert is_damaged in err
    code, _, err = said(second, capsys, "report", "--place", OTHER, "--out", str(first.store.root.parent / "p.html"))
    assert (code, "`ledger verify` names a run that is damaged" in err) == (7, True)
    assert ageing(second.store, run_id) is not None
    with pytest.raises(VerificationFailed, match=is_damaged):
        diff_runs(first.store, run_id, first.run.run_id)
    code, _, err = said(second, capsys, "ledger", "verify")
    assert (code, first.run.run_id in err) == (6, True)
    (first.store.run_folder(first.run.run_id) / "manifest.json").write_bytes(whole)
    code, out, _ = said(second, capsys, "status", "--json")
    assert code == 0
    assert {row["county_code"] for row in json.loads(out)} == {COUNTY_OF_TESTS, OTHER}
    assert said(second, capsys, "publish", run_id, "--by", PREPARER)[0] == 0
    assert is_current(second.store)


def test_its_own_county_is_neither_scored_nor_told(
    published: Scored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    mine = copy_of(published, tmp_path)
    manifest = mine.store.run_folder(mine.run.run_id) / "manifest.json"
    manifest.write_bytes(b"{}")
    day = ["--county", COUNTY_OF_TESTS, "--as-of", "2026-11-15", "--by", PREPARER]
    for words in (["score", "--inbox", str(mine.inbox), *day], ["diff", mine.run.run_id], ["verify", mine.run.run_id]):
        code, _, err = said(mine, capsys, *words)
        assert (code, mine.run.run_id in err) == (6, True)
