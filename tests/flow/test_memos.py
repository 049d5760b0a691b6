"""What was read once is not read again, and nothing else is otherwise: the same run, the same bytes, nobody's name."""

from __future__ import annotations

import itertools
import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from data_contracts.county_terms import BARE_TERMS, CountyTerms
from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, Scored, copy_of, new_store, request_of, score_into
from village_credit.errors import UsageError, VerificationFailed
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.inbox import pull
from village_credit.ingest import line_account, remembered
from village_credit.ledger.link_verdicts import verdicts_of
from village_credit.memos import Memo
from village_credit.services.keeping.search import holds_file, search
from village_credit.services.keeping.wanted import Person, Wanted
from village_credit.services.queries.verify import verify_run
from village_credit.services.rules import load_rules
from village_credit.services.scoring import stage as score
from village_credit.services.scoring.memos import memos_of
from village_credit.store import memos as stored
from village_credit.store.envelope import seal
from village_credit.store.memos import MEMOS, StoredMemos, drop_memos, memo_bytes, memo_of, opened_memo, stored_memos
from village_credit.store.store import PARTS, Store

MB = "VILLAGE_CREDIT_MEMO_MB"
NOTE = Memo({"sources": [], "next_row": 0}, {"lines": pa.table({"line_number": [1, 2]})})


LATER = AS_OF + timedelta(days=40)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read, however small."""
    found: list[str] = []
    true_read = line_account.read_file

    def noted(file: DeliveredFile, terms: CountyTerms):
        found.append(file.file_name)
        return true_read(file, terms)

    monkeypatch.setattr(line_account, "read_file", noted)
    monkeypatch.setattr(remembered, "SMALL", 0)
    return found


@pytest.fixture(scope="module")
def scored_once(hostile: Scored, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A county of hostile damage that was scored once, every file of it remembered; read only."""
    folder = tmp_path_factory.mktemp("scored_once")
    shutil.copytree(hostile.inbox, folder / "inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "SMALL", 0)
        return score_into(new_store(folder), folder / "inbox", COUNTY_OF_TESTS)


@pytest.fixture
def remembering(scored_once: Scored, tmp_path: Path, read: list[str]) -> Scored:
    """The same in a store, and with an inbox, of its own."""
    shutil.copytree(scored_once.inbox, tmp_path / "inbox")
    return replace(copy_of(scored_once, tmp_path), inbox=tmp_path / "inbox")


def changed_policy(folder: Path) -> Path:
    path = folder / "policy.toml"
    text = (MODELS / "limit_policy.toml").read_text("utf-8")
    path.write_text(text + "\n# another file, the same rules\n", "utf-8")
    return path


def bytes_of(store: Store, run_id: str) -> dict[str, bytes]:
    """Every file of a run, and what the vault holds of it."""
    files = {path.name: path.read_bytes() for path in sorted(store.run_folder(run_id).iterdir())}
    parts = {part: store.open_part(run_id, part) for part in PARTS}
    return files | {name: part for name, part in parts.items() if part is not None}


def otherwise(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """What of two runs is not the same."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def from_scratch(scored: Scored, **changes: object) -> tuple[str, dict[str, bytes]]:
    """What the same keys give in a store that remembers nothing."""
    folder = scored.store.root.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MB, "0")
        store = new_store(folder / "without", folder / "keys")
        run = score.score_inbox(store, scored.inbox, request_of(COUNTY_OF_TESTS, **changes))
    assert not (store.root / MEMOS).exists()
    return run.run_id, bytes_of(store, run.run_id)


def again(scored: Scored, **changes: object) -> tuple[str, dict[str, bytes]]:
    run = score.score_inbox(scored.store, scored.inbox, request_of(COUNTY_OF_TESTS, **changes))
    assert not run.noop
    return run.run_id, bytes_of(scored.store, run.run_id)


@pytest.fixture(scope="module")
def later_from_scratch(scored_once: Scored) -> tuple[str, dict[str, bytes]]:
    return from_scratch(scored_once, as_of=LATER)


def test_a_changed_policy_reads_no_file_and_is_the_run_that_it_is_from_scratch(
    remembering: Scored, read: list[str], tmp_path: Path
):
    policy = changed_policy(tmp_path)
    run_id, found = again(remembering, policy_file=policy)
    assert read == []
    scratch_id, scratch = from_scratch(remembering, policy_file=policy)
    assert (run_id, otherwise(found, scratch)) == (scratch_id, [])
    assert len(read) > 10


def test_another_day_reads_no_file_and_links_anew(
    remembering: Scored, read: list[str], later_from_scratch: tuple[str, dict[str, bytes]]
):
    read.clear()
    run_id, found = again(remembering, as_of=LATER)
    assert read == []
    assert (run_id, otherwise(found, later_from_scratch[1])) == (later_from_scratch[0], [])


def test_changed_moved_and_copied_files_are_read_and_no_others(remembering: Scored, read: list[str]):
    by_size = sorted(remembering.inbox.rglob("*.csv"), key=lambda path: path.stat().st_size)
    gone, moved, copied, changed = by_size[-4:]
    lines = changed.read_bytes().split(b"\n")
    changed.write_bytes(b"\n".join([*lines[:-2], lines[-1]]))
    shutil.copy(copied, copied.with_name("再来一份.csv"))
    moved = moved.rename(moved.with_name("改名.csv"))
    gone.unlink()
    run_id, found = again(remembering)
    # the copy is read before what it is a copy of, which becomes the copy
    assert {Path(name).name for name in read} == {changed.name, copied.name, "再来一份.csv", moved.name}
    scratch_id, scratch = from_scratch(remembering)
    assert (run_id, otherwise(found, scratch)) == (scratch_id, [])


def test_other_verdicts_keys_code_and_terms_are_other_ground(remembering: Scored, monkeypatch: pytest.MonkeyPatch):
    store = remembering.store
    rules = load_rules(request_of(COUNTY_OF_TESTS), store.keys.public_keys())
    memos = memos_of(store, rules)
    memos.keep(NOTE, "file", "a", "b")
    assert memos.recall("file", "a", "b") is not None
    assert memos.recall("file", "a", "c") is None
    assert memos_of(store, replace(rules, terms_sha256="0" * 64)).recall("file", "a", "b") is None
    assert StoredMemos(store, ("other code",), 10**9).recall("file", "a", "b") is None
    said = [{"record_key": "k1", "household_key": "k2", "verdict": "same"}]
    one = verdicts_of([], COUNTY_OF_TESTS, store.keys).content
    with monkeypatch.context() as patch:
        patch.setattr("village_credit.ledger.link_verdicts.link_verdicts", lambda *_: list(said))
        others = {
            verdicts_of([], COUNTY_OF_TESTS, store.keys).content,
            verdicts_of([], COUNTY_OF_TESTS, store.keys, [("k2", "k3")]).content,
            verdicts_of([], COUNTY_OF_TESTS, replace(store.keys, pseudonym=b"p" * 32)).content,
        }
    assert len(others | {one}) == 4
    assert "" not in others


SPOILT = ("flipped", "cut", "empty", "other keys", "another form")


def spoil(path: Path, how: str, store: Store) -> None:
    """Spoil a memo: as a careless hand, a power cut, other keys or another form would."""
    content = path.read_bytes()
    if how == "flipped":
        path.write_bytes(content[:-40] + bytes([content[-40] ^ 1]) + content[-39:])
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    else:
        keys = {"0" * 16: b"k" * 32} if how == "other keys" else store.keys.wrapping("vault")
        path.write_bytes(seal(keys, b"another form", f"memo {path.stem}"))


def test_spoilt_memos_are_made_anew_and_said(
    remembering: Scored, read: list[str], later_from_scratch: tuple[str, dict[str, bytes]], caplog
):
    store = remembering.store
    kept = sorted(stored_memos(store))
    assert len(kept) > 2 * len(SPOILT)
    for path, how in zip(kept, itertools.cycle(SPOILT), strict=False):
        spoil(path, how, store)
    read.clear()
    with caplog.at_level(logging.WARNING):
        run_id, found = again(remembering, as_of=LATER)
    assert len(read) == len(kept) - 2  # two are of the whole delivery on its day
    assert caplog.text.count("does not open and is made anew") == len(read)
    assert (run_id, otherwise(found, later_from_scratch[1])) == (later_from_scratch[0], [])
    assert sum(1 for path in kept if opens(store, path)) == len(read)


def opens(store: Store, path: Path) -> bool:
    try:
        opened_memo(store, path)
    except VerificationFailed:
        return False
    return True


def test_a_memo_under_another_s_name_does_not_open(remembering: Scored):
    one, other = sorted(stored_memos(remembering.store))[:2]
    shutil.copy(one, other)
    assert opens(remembering.store, one)
    assert not opens(remembering.store, other)


def test_who_verifies_remembers_nothing(remembering: Scored, read: list[str]):
    """A memo that lies, sealed by the store itself, is found out by whoever computes the run again."""
    store = remembering.store
    (path,) = (path for path in stored_memos(store) if "intake/links" in opened_memo(store, path).tables)
    memo = opened_memo(store, path)
    lying = {"facts/subsidies": memo.tables["facts/subsidies"].slice(40)}
    plain = memo_bytes(Memo(memo.said, memo.tables | lying))
    path.write_bytes(seal(store.keys.wrapping("vault"), plain, f"memo {path.stem}"))
    run_id, _ = again(remembering, policy_file=changed_policy(remembering.inbox.parent))
    assert read == []
    assert "decisions" in verify_run(store, run_id, MODELS).differs
    assert len(read) > 10


def test_the_oldest_make_room_and_one_that_is_too_large_is_not_kept(quiet: Scored, tmp_path: Path):
    store = copy_of(quiet, tmp_path).store
    drop_memos(store)
    size = len(memo_bytes(NOTE))
    memos = StoredMemos(store, ("g",), 3 * (size + 2_000))
    for place, name in enumerate("abcd"):
        memos.keep(NOTE, name)
        path = memos._path((name,))
        os.utime(path, (1_000 + place, 1_000 + place))
    assert [memos.recall(name) is not None for name in "abcd"] == [False, True, True, True]
    StoredMemos(store, ("g",), size - 1).keep(NOTE, "e")
    assert memos.recall("e") is None
    assert StoredMemos(store, ("g",), 0).recall("d") is None


def test_a_disk_that_is_nearly_full_and_one_that_is_keep_no_memos(
    quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    store = copy_of(quiet, tmp_path).store
    drop_memos(store)
    memos = StoredMemos(store, ("g",), 10**9)
    with monkeypatch.context() as patch:
        patch.setattr(stored.shutil, "disk_usage", lambda _: SimpleNamespace(free=stored.FREE_BYTES))
        memos.keep(NOTE, "a")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        memos.keep(NOTE, "a")
        memos.keep(NOTE, "b")  # one that could not be kept is enough to be told
    assert list((store.root / MEMOS).iterdir()) == []
    assert caplog.text.count("nothing more is remembered in memos: no space left on device") == 1
    again = StoredMemos(store, ("g",), 10**9)
    again.keep(NOTE, "a")
    assert again.recall("a") is not None


def test_who_may_write_nothing_recalls_and_keeps_none(quiet: Scored, tmp_path: Path):
    store = copy_of(quiet, tmp_path).store
    drop_memos(store)
    StoredMemos(store, ("g",), 10**9).keep(NOTE, "a")
    (path,) = stored_memos(store)
    os.utime(path, (1_000, 1_000))
    looking = StoredMemos(store, ("g",), 10**9, keeps=False)
    looking.keep(NOTE, "b")
    assert (looking.recall("a") is not None, looking.recall("b")) == (True, None)
    assert (list(stored_memos(store)), path.stat().st_mtime) == ([path], 1_000)


def test_the_bound_is_a_number_of_megabytes(quiet: Scored, monkeypatch: pytest.MonkeyPatch):
    rules = load_rules(request_of(COUNTY_OF_TESTS), quiet.store.keys.public_keys())
    monkeypatch.setenv(MB, "2 GB")
    with pytest.raises(UsageError, match="whole number of megabytes"):
        memos_of(quiet.store, rules)
    monkeypatch.setenv(MB, "7")
    assert memos_of(quiet.store, rules).most_bytes == 7_000_000


def persons(store: Store) -> Iterator[Wanted]:
    """Persons who stand in a memo, by number and by name."""
    for path in stored_memos(store):
        table = opened_memo(store, path).tables.get("intake/identities")
        if table is not None:
            numbers = [number for number in table.column("person_id").to_pylist() if number]
            yield from (Wanted((Person(number, ()),)) for number in numbers[:3])


def test_memos_are_encrypted_private_and_searched(remembering: Scored):
    store = remembering.store
    asked = list(persons(store))
    assert asked
    paths = list(stored_memos(store))
    assert (store.root / MEMOS).stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o177 == 0 for path in paths)
    for wanted in asked:
        number = wanted.persons[0].number
        assert not any(number.encode(code) in path.read_bytes() for path in paths for code in ("utf-8", "utf-16-le"))
        assert any(holds_file(store, path, wanted) for path in paths)
        assert any(place.startswith(MEMOS) for place in search(store, wanted).found)
    drop_memos(store)
    assert not any(place.startswith(MEMOS) for place in search(store, asked[0]).found)


def test_a_memo_is_what_was_put_into_it():
    table = pa.table({"词": pa.chunked_array([["a", None], ["b"]]), "n": pa.chunked_array([[1], [2, None]])})
    memo = Memo({"said": ["库", None, 1]}, {"一": table, "空": table.slice(0, 0)})
    found = memo_of(memo_bytes(memo))
    assert found.said == memo.said
    assert all(found.tables[name].equals(table) for name, table in memo.tables.items())
    with pytest.raises(ValueError, match="form"):
        memo_of(json.dumps({}).encode())


def test_files_that_this_machine_cannot_read_are_asked_for_again(tmp_path: Path):
    """An Access database is read where mdbtools is: not having it yesterday decides nothing today."""
    (tmp_path / COUNTY_OF_TESTS).mkdir(parents=True)
    content = b"\x00\x01\x00\x00Standard Jet DB\x00" + bytes(70_000)
    (tmp_path / COUNTY_OF_TESTS / "库.mdb").write_bytes(content)
    (file,) = pull(tmp_path, COUNTY_OF_TESTS)
    account = line_account.open_file(file, BARE_TERMS)
    assert account.sources[0].rejected is not None
    assert not remembered.is_worth_it(file, account)
