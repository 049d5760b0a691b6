"""A store opens with its own keys alone: with none, or another's, nothing is computed and none are made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import COUNTY_OF_TESTS, Scored, copy_of
from village_credit.cli import main
from village_credit.errors import MissingInput
from village_credit.ledger.ledger import Ledger
from village_credit.store.keys import load_keys
from village_credit.store.opening import open_with_keys

VERBS = [
    ["score", "--inbox", "INBOX", "--county", COUNTY_OF_TESTS, "--as-of", "2026-11-01", "--by", "1001"],
    ["rescore", "--county", COUNTY_OF_TESTS, "--by", "1001"],
    ["rescore", "--county", COUNTY_OF_TESTS, "--by", "1001", "--dry-run"],
    ["rescore", "--county", COUNTY_OF_TESTS, "--by", "1001", "--refresh", "--inbox", "INBOX"],
    ["approve", "RUN", "--by", "2002", "--reason", "test"],
    ["publish", "RUN"],
    ["relief", "declare", "FILE", "--by", "2002"],
    ["verify", "RUN"],
    ["status"],
]


@pytest.fixture
def quiet_copy(quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scored:
    scored = copy_of(quiet, tmp_path)
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(scored.store.root))
    return scored


def typed(scored: Scored, words: list[str]) -> list[str]:
    given = {"INBOX": str(scored.inbox), "RUN": scored.run.run_id, "FILE": str(scored.store.root / "none.toml")}
    return [given.get(word, word) for word in words]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
@pytest.mark.parametrize("keys", ["missing", "another's"])
def test_no_verb_goes_on_without_the_keys_of_its_store(quiet_copy: Scored, words: list[str], keys: str, capsys):
    key_file = quiet_copy.store.root.parent / "keys"
    key_file.unlink()
    if keys == "another's":
        load_keys(key_file)
    before = content(quiet_copy.store.root)
    assert main(typed(quiet_copy, words)) == 7
    assert "keys" in capsys.readouterr().err
    assert content(quiet_copy.store.root) == before
    assert key_file.exists() == (keys == "another's")


@pytest.mark.parametrize("name", ["pseudonym", "vault", "frozen", "signing"])
def test_each_of_the_four_keys_must_be_the_stores_own(quiet_copy: Scored, name: str):
    key_file = quiet_copy.store.root.parent / "keys"
    other, _ = load_keys(key_file.with_name("others"))
    stored = json.loads(key_file.read_text(encoding="utf-8"))
    stored[name] = json.loads(key_file.with_name("others").read_text(encoding="utf-8"))[name]
    key_file.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(MissingInput, match=name):
        open_with_keys(quiet_copy.store.root, key_file)
    assert {*other.ids(), "format"} == stored.keys() | {"format"}


@pytest.mark.parametrize("lost", ["ledger", "runs", "vault", "frozen"])
def test_a_store_that_lost_a_part_gets_no_new_keys_either(quiet_copy: Scored, lost: str):
    shutil.rmtree(quiet_copy.store.root / lost)
    (quiet_copy.store.root.parent / "keys").unlink()
    assert main(typed(quiet_copy, VERBS[0])) == 7


def test_a_store_whose_acts_name_no_keys_knows_them_by_its_first_run(quiet_copy: Scored):
    (first, *_), keys = Ledger.of(quiet_copy.store), quiet_copy.store.keys
    assert first.details["keys"] == keys.ids()
    path = quiet_copy.store.ledger_folder / "00000001.json"
    path.chmod(0o644)
    details = {name: value for name, value in first.details.items() if name != "keys"}
    path.write_text(json.dumps({**first.__dict__, "details": details}), encoding="utf-8")
    for later in ("00000002.json", "00000003.json"):  # they follow the act as it was
        (quiet_copy.store.ledger_folder / later).unlink()
    load_keys(quiet_copy.store.root.parent / "others")
    with pytest.raises(MissingInput, match="another: pseudonym"):
        open_with_keys(quiet_copy.store.root, quiet_copy.store.root.parent / "others")


def test_only_the_first_act_names_the_keys(quiet_copy: Scored):
    assert [entry.number for entry in Ledger.of(quiet_copy.store) if "keys" in entry.details] == [1]
