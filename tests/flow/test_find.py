"""An ID number on standard input finds its household, and the ledger remembers who looked."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Scored
from village_credit import cli
from village_credit.ledger.ledger import Ledger
from village_credit.services.queries.explain import explain
from village_credit.store.store import Store


@pytest.fixture
def store(published: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of its own with the published county, which commands find by its environment."""
    shutil.copytree(published.store.root, tmp_path / "store")
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(published.store.root.parent / "keys"))
    return Store(tmp_path / "store", published.store.keys)


def borrower(store: Store) -> dict[str, str]:
    path = next((store.root / "outbox").rglob("limits.csv"))
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.DictReader(file))


def find(monkeypatch: pytest.MonkeyPatch, typed: str, *words: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return cli.main(["find", *(words or ("-", "--by", "4004")), "--json"])


def test_a_number_finds_its_household_with_product_and_decision(store, monkeypatch, capsys):
    row = borrower(store)
    assert find(monkeypatch, f" {row['身份证号码'].strip().lower()}\n") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["county_code"], said["product"], said["decision"]) == ("659900", row["product"], "granted")
    assert said["limit_yuan"] == int(row["limit_yuan"])
    assert explain(store, said["household_key"])["decision"]["limit_yuan"] == said["limit_yuan"]


def test_the_ledger_keeps_who_looked_and_the_key_and_never_the_number(store, monkeypatch, capsys):
    number = borrower(store)["身份证号码"].strip()
    assert find(monkeypatch, number) == 0
    key = json.loads(capsys.readouterr().out)["household_key"]
    entry = Ledger.of(store)[-1]
    assert (entry.act, entry.by, entry.details["household_key"]) == ("find", "4004", key)
    assert not [path for path in (store.root / "ledger").iterdir() if number in path.read_text("utf-8")]


def test_nobody_is_exit_code_7_and_who_looked_is_kept_too(store, monkeypatch, capsys):
    assert find(monkeypatch, "11010119000101001X") == 7
    assert "11010119000101001X" not in capsys.readouterr().err
    entry = Ledger.of(store)[-1]
    assert (entry.act, entry.details["household_key"]) == ("find", None)


def test_a_number_as_an_argument_or_none_at_all_is_wrong_usage_and_is_not_repeated(store, monkeypatch, capsys):
    before = Ledger.of(store)
    assert find(monkeypatch, "", "659900198005040017") == 2
    assert find(monkeypatch, " \n") == 2
    assert "659900198005040017" not in capsys.readouterr().err
    assert Ledger.of(store) == before


def test_bytes_of_another_encoding_are_nobody_s_number(store, monkeypatch, capsys):
    """As a shell hands them on: each byte that is no text, as a lone surrogate."""
    assert find(monkeypatch, b"\xff\xfe\x00".decode("utf-8", "surrogateescape")) == 7
    assert cli.main(["explain", "-"]) != 0
    assert "Traceback" not in capsys.readouterr().err


def test_a_number_that_nobody_here_has_gives_no_pseudonym(store, monkeypatch, capsys):
    for words in (["explain", "-"], ["hold", "-", "--reason", "x"]):
        monkeypatch.setattr("sys.stdin", io.StringIO("11010119000101001X"))
        assert cli.main([*words, "--by", "4004"]) == 7
        said = capsys.readouterr().err
        assert "nobody of what is in force has this number" in said
        assert "household h" not in said
