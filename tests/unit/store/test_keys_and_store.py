"""Keys, encryption and files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from village_credit.errors import MissingInput
from village_credit.pseudonyms import Keys, household_key, household_ref
from village_credit.publish.safe_csv import safe_cell
from village_credit.store import keys
from village_credit.store.keys import load_keys
from village_credit.store.store import open_store, sha256_of
from village_credit.store.whole_files import new_folder

KEYS = Keys(b"p" * 32, b"v" * 32, b"f" * 32, b"s" * 32)


def test_pseudonyms_have_their_form_and_hang_on_the_key_alone():
    assert household_key(KEYS, "659900100201010001").startswith("h")
    assert household_key(KEYS, "T92659900MA00000008").startswith("t")
    assert len(household_key(KEYS, "659900100201010001")) == 27
    assert household_key(KEYS, "x") != household_key(Keys(b"q" * 32, KEYS.vault, KEYS.frozen, KEYS.signing), "x")
    assert household_ref(KEYS, "p1", "x", "farmer_line") != household_ref(KEYS, "p2", "x", "farmer_line")
    assert household_ref(KEYS, "p1", "x", "farmer_line") != household_ref(KEYS, "p1", "x", "trader_loan")


def test_keys_never_show_themselves():
    assert "ppp" not in repr(KEYS)


@pytest.mark.parametrize("text", ["{}", "", "[]", "null", '{"pseudonym": 5}', '{"pseudonym": "abc'])
def test_a_damaged_key_file_is_refused_and_never_replaced(tmp_path: Path, text: str):
    (tmp_path / "keys").write_text(text, encoding="utf-8")
    with pytest.raises(MissingInput, match="backup"):
        load_keys(tmp_path / "keys")
    assert (tmp_path / "keys").read_text(encoding="utf-8") == text


def test_new_keys_appear_whole_and_synced_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        load_keys(tmp_path / "keys")
    assert list(tmp_path.iterdir()) == []


def test_of_two_who_make_keys_at_once_both_have_the_firsts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, _ = load_keys(tmp_path / "first")

    def just_made(path: Path, _content: bytes, mode: int) -> bool:
        path.write_bytes((tmp_path / "first").read_bytes())
        return bool(mode) and False

    monkeypatch.setattr(keys, "create_whole", just_made)
    assert load_keys(tmp_path / "keys") == (first, False)
    assert (tmp_path / "first").stat().st_mode & 0o777 == 0o600


def test_frozen_bytes_come_back_and_are_not_readable_on_disk(tmp_path: Path):
    store = open_store(tmp_path, KEYS)
    content = "王安娜".encode() * 20
    store.freeze(content, sha256_of(content))
    assert store.thaw(sha256_of(content)) == content
    assert b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()).find("王安娜".encode()) < 0


def test_a_folder_that_was_killed_midway_was_never_there(tmp_path: Path):
    def fill() -> None:
        with new_folder(tmp_path / "runs" / "r1") as folder:
            (folder / "half").write_text("x", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+86", "'+86"),
        ("@x", "'@x"),
        ("-5", "'-5"),
        (-5, "-5"),
        ("0071", "0071\t"),
        ("653199199707184117", "653199199707184117\t"),
        ("653199199707184", "653199199707184\t"),
        (None, ""),
        (True, "是"),
        ("王安娜", "王安娜"),
    ],
)
def test_cells_are_safe_to_open_in_a_spreadsheet(value, cell):
    assert safe_cell(value) == cell
