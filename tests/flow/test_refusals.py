"""What the machine refuses is a sentence with an exit code of the table, and one bad county does not cost another."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.conftest import COUNTY_OF_TESTS, ROOT, Scored, copy_of, new_store, request_of
from village_credit.cli import main
from village_credit.cli.refusals import WHAT_TO_DO, refusal_of
from village_credit.errors import UsageError
from village_credit.services.scoring.stage import score_inbox
from village_credit.store import whole_files

OTHER = "653199"


@pytest.fixture
def here(quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scored:
    scored = copy_of(quiet, tmp_path)
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(scored.store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    return scored


def again(*counties: str, day: str = "2026-11-03") -> list[str]:
    return ["rescore", *(word for county in counties for word in ("--county", county)), "--as-of", day, "--by", "1001"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_whatever_the_disk_refuses_is_a_sentence(
    here: Scored, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def refuse(path: str | Path, *_: object) -> int:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(whole_files.os, "open", refuse)
    assert main(again(COUNTY_OF_TESTS)) == 7
    told = capsys.readouterr().err
    assert WHAT_TO_DO[number] in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "error",
    [
        *(OSError(number, "x") for number in sorted(WHAT_TO_DO)),
        *(OSError("of no number"), OSError(99999, "unheard of"), MemoryError(), TimeoutError(), ConnectionError()),
        *(duckdb.IOException("Cannot open file"), duckdb.OutOfMemoryException("x")),
    ],
)
def test_every_kind_of_it_has_a_code_of_the_table(error: Exception):
    refusal = refusal_of(error)
    assert refusal
    assert refusal.exit_code == 7
    assert "None" not in refusal.sentence


def test_a_file_is_told_by_its_folder_for_its_name_may_name_a_person():
    refusal = refusal_of(OSError(errno.EACCES, "x", "inbox/659900/王安娜.csv"))
    assert refusal
    assert "inbox/659900" in refusal.sentence
    assert "王安娜" not in refusal.sentence


def test_what_nobody_foresaw_keeps_its_traceback():
    assert refusal_of(KeyError("ours")) is None
    assert refusal_of(duckdb.ParserException("ours")) is None


@pytest.mark.parametrize(
    "words", [["status", "--store", "FILE/below"], ["status", "--store", "x" * 300], ["score", "--store", "FILE"]]
)
def test_a_store_that_cannot_be_is_a_sentence(here: Scored, words: list[str], capsys: pytest.CaptureFixture[str]):
    file = here.store.root.parent / "keys"
    rest = ["--inbox", str(here.inbox), "--county", COUNTY_OF_TESTS, "--as-of", "2026-11-01"]
    typed = [word.replace("FILE", str(file)) for word in words]
    assert main(typed + (rest if words[0] == "score" else [])) == 7
    assert capsys.readouterr().err.startswith(f"village-credit {words[0]}: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full: no output without room")
def test_an_answer_that_finds_no_room_ends_with_a_sentence():
    command = [sys.executable, "-m", "village_credit.cli", "policy", "show", "--on", "2026-11-01"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 7
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("counties", [(OTHER, COUNTY_OF_TESTS), (COUNTY_OF_TESTS, OTHER)])
def test_a_bad_county_does_not_cost_the_good_one_its_result(
    here: Scored, counties: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    assert main(again(*counties)) == 7
    told = capsys.readouterr()
    assert f"of county {COUNTY_OF_TESTS} as of 2026-11-03: staged" in told.out
    assert f"county {OTHER}: county {OTHER} was never scored" in told.err


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_with_json_both_are_in_one_object(here: Scored, dry: list[str], capsys: pytest.CaptureFixture[str]):
    assert main([*again(OTHER, COUNTY_OF_TESTS), *dry, "--json"]) == 7
    found = json.loads(capsys.readouterr().out)
    refused, good = found.values() if dry else found
    assert refused["county"] == OTHER
    assert refused["exit_code"] == 7
    assert good["changes" if dry else "run_id"]


def test_the_disk_that_fills_up_for_one_county_is_told_and_the_next_goes_on(
    here: Scored, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    tries = iter([OSError(errno.ENOSPC, "full"), None])

    def once(*_: object) -> str:
        if error := next(tries):
            raise error
        return "done"

    monkeypatch.setattr("village_credit.services.scoring.rescore.rescore", once)
    monkeypatch.setattr("village_credit.cli.scoring.staged_text", str)
    assert main(again(OTHER, COUNTY_OF_TESTS)) == 7
    told = capsys.readouterr()
    assert told.out == "done\n"
    assert "the disk is full" in told.err


def test_nobody_scores_under_a_telephone_number_and_nothing_is_read_for_it(county_inbox: Path, tmp_path: Path):
    store = new_store(tmp_path)
    with pytest.raises(UsageError, match="sign by staff number"):
        score_inbox(store, county_inbox, request_of(COUNTY_OF_TESTS, by="139 0000 1234"))
    assert list((store.root / "frozen").iterdir()) == []


def test_a_workbook_that_lies_there_is_not_written_over_unasked(
    published: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(published.store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(published.store.root.parent / "keys"))
    run, book, folder = published.run.run_id, tmp_path / "review.xlsx", tmp_path / "mend"
    assert main(["corrections", run, "--out", str(folder)]) == 0
    filled = max(folder.iterdir())
    for path in (book, filled):
        path.write_bytes(b"what a person filled in")
    writes = [["reviews", "export", run, "--out", str(book)], ["links", "review", run, "--out", str(book)]]
    for words in [*writes, ["corrections", run, "--out", str(folder)]]:
        assert main(words) == 2
        assert "is there already, and may be filled in" in capsys.readouterr().err
    assert {path.read_bytes() for path in (book, filled)} == {b"what a person filled in"}
    assert main([*writes[0], "--force"]) == 0
    assert book.read_bytes() != b"what a person filled in"
