"""What older code stored and published is read by today's: no question about it ends in a traceback."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path

import duckdb
import pytest

from tests.conftest import COUNTY_OF_TESTS, ROOT, Scored, copy_of
from village_credit.cli import main
from village_credit.code_version import FORMATS, code_sha256
from village_credit.publish.branch_package import verify_package
from village_credit.publish.views import view_names
from village_credit.store.keys import load_keys

KEPT = sorted((ROOT / "tests" / "stores").glob("*.tar.xz"))
PAGE = (ROOT / "docs" / "develop" / "versions.md").read_text(encoding="utf-8")


@pytest.fixture(params=KEPT, ids=lambda path: path.name.partition(".")[0])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(tmp_path / "warehouse"))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "warehouse.keys"))
    return tmp_path


def rows(kept: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(kept / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_every_question_about_an_older_publication_is_answered(kept: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["status", "--json"]) == 0
    (run,) = {row["run_id"] for row in json.loads(capsys.readouterr().out)}
    assert {name: rows(kept, f"FROM {name}") is not None for name in view_names()} == dict.fromkeys(view_names(), True)
    lines = rows(kept, "SELECT household_key, limit_yuan FROM limits_current ORDER BY household_key")
    assert lines
    for key, limit in lines:
        assert main(["explain", str(key)]) == 0
        assert f"{limit:,} 元" in capsys.readouterr().out
    again = ["rescore", "--county", COUNTY_OF_TESTS, "--as-of", "2026-11-05", "--by", "1001"]
    for words in (
        ["notices", run],
        ["diff", run, "--against", "published"],
        ["verify", run],
        ["report", run],
        ["evidence", run, "--json"],
        again,
    ):
        assert main(words) == 0, words


def test_an_older_store_gets_new_keys_and_what_it_signed_still_verifies(kept: Path, capsys: pytest.CaptureFixture[str]):
    former = main(["package", "key", "--json"]), json.loads(capsys.readouterr().out)["public_key"]
    assert main(["keys", "rotate", "--by", "3003", "--reason", "yearly"]) == 0
    lines = rows(kept, "SELECT household_key FROM limits_current ORDER BY household_key")
    for words in (["status"], ["explain", str(lines[0][0])], ["ledger", "verify"]):
        assert main(words) == 0, words
    keys, _ = load_keys(kept / "warehouse.keys")
    for ready in kept.glob("warehouse/outbox/*/*/*/READY"):
        assert verify_package(ready.parent, keys.known_keys())["key_id"] != keys.signing_key_id
    capsys.readouterr()
    assert main(["package", "key", "--json"]) == 0
    assert [key["public_key"] for key in json.loads(capsys.readouterr().out)["former"]] == [former[1]]


def test_a_table_that_was_not_kept_then_is_said_to_be_so(kept: Path, capsys: pytest.CaptureFixture[str]):
    (run,) = (path.name for path in (kept / "warehouse" / "runs").iterdir())
    code = main(["corrections", run, "--out", str(kept / "out")])
    assert code == 0 or (code == 7 and "sealed by older code" in capsys.readouterr().err)


@pytest.mark.parametrize(("name", "path"), [("run", "runs/*/manifest.json"), ("ledger", "ledger/00000001.json")])
def test_a_later_form_than_this_code_knows_is_refused(
    quiet: Scored, tmp_path: Path, name: str, path: str, monkeypatch: pytest.MonkeyPatch, capsys
):
    store = copy_of(quiet, tmp_path).store
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    (file,) = store.root.glob(path)
    content = json.loads(file.read_text(encoding="utf-8"))
    place = content if name == "run" else content["details"]
    assert place["format"] == FORMATS[name]
    place["format"] = FORMATS[name] + 1
    file.chmod(0o644)
    file.write_text(json.dumps(content), encoding="utf-8")
    assert main(["status", "--store", str(store.root)]) == 7
    assert (
        f"is of {name} format {FORMATS[name] + 1}, and this code reads up to {FORMATS[name]}" in capsys.readouterr().err
    )


def test_the_version_says_package_code_and_formats(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as done:
        main(["--version"])
    assert not done.value.code
    told = capsys.readouterr().out
    assert re.fullmatch(r"village-credit \S+, code [0-9a-f]{12}, formats: .+\n", told)
    assert code_sha256()[:12] in told
    assert all(f"{name} {number}" in told for name, number in FORMATS.items())


def test_the_table_of_forms_is_the_code_s():
    assert dict(re.findall(r"^\| `(\w+)` \| (\d) \|", PAGE, re.MULTILINE)) == {
        name: str(number) for name, number in FORMATS.items()
    }
    assert len(KEPT) >= 2
