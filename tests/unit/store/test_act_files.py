"""Acts as files and in volumes: nothing is lost or free again, whoever writes, reads, keeps or is killed meanwhile."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kills import STEPS
from village_credit.errors import VerificationFailed
from village_credit.ledger.log import GENESIS, Entry, append, head, read_ledger
from village_credit.store import act_files
from village_credit.store.act_files import act_bytes_of, act_place, create_act, keep_in_volumes, newest_act, read_acts
from village_credit.store.store import sha256_of
from village_credit.store.volumes import act_name, volume_name, volume_of

KILLED = 137


def ledger(folder: Path, count: int) -> Path:
    """A folder of acts, and nothing but them."""
    place = folder / "ledger"
    for number in range(count):
        append(place, "stage", "1001", f"r{number}", {})
    return place


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_acts_of_long_ago_are_one_file_and_the_ledger_is_the_same(tmp_path: Path):
    folder = ledger(tmp_path, 11)
    acts, entries, last = read_acts(folder), read_ledger(folder), head(folder)
    assert keep_in_volumes(folder, 4, 2) == 8
    volumes = [volume_name(1, 4), volume_name(5, 8)]
    assert names(folder) == [*sorted([*volumes, *map(act_name, (9, 10, 11))])]
    assert (read_acts(folder), read_ledger(folder), head(folder)) == (acts, entries, last)
    assert [act_bytes_of(folder, number) for number in range(1, 13)] == [*acts, None]
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in names(folder)} == {0o444}
    assert keep_in_volumes(folder, 4, 2) == 0
    assert append(folder, "stage", "1001", "r", {}).previous == last


@pytest.mark.parametrize(("count", "gone"), [(5, 0), (6, 4), (9, 4), (10, 8)])
def test_a_volume_is_filled_once_enough_acts_stand_after_it(tmp_path: Path, count: int, gone: int):
    assert keep_in_volumes(ledger(tmp_path, count), 4, 2) == gone


def test_where_an_act_lies_is_its_file_or_its_volume(tmp_path: Path):
    folder = ledger(tmp_path, 4)
    keep_in_volumes(folder, 3, 1)
    assert act_place(folder, 2) == "ledger/00000001-00000003.acts/00000002.json"
    assert act_place(folder, 4) == "ledger/00000004.json"


def test_a_ledger_of_volumes_alone_is_whole(tmp_path: Path):
    """As where the newest acts were cut off: what is left is read, and who has a checkpoint finds it."""
    folder = ledger(tmp_path, 4)
    keep_in_volumes(folder, 3, 1)
    (folder / act_name(4)).unlink()
    assert (len(read_ledger(folder)), newest_act(folder)) == (3, 3)
    assert head(folder) == sha256_of(read_acts(folder)[-1])
    assert head(tmp_path / "none") == GENESIS


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), max_size=3), st.integers(1, 12))
def test_whatever_went_into_volumes_of_whatever_size_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, kept: list[tuple[int, int]], count: int
):
    folder = tmp_path_factory.mktemp("any") / "ledger"
    acts = [b"%d" % number * number for number in range(1, count + 1)]
    for number, act in enumerate(acts, start=1):
        assert create_act(folder, number, act)
    for size, later in kept:
        keep_in_volumes(folder, size, later)
    assert read_acts(folder) == acts
    assert [create_act(folder, number, b"other") for number in range(1, count + 1)] == [False] * count


KEPT_UNTIL = """
import os, sys
from pathlib import Path
from village_credit.store.act_files import keep_in_volumes

folder, last, steps, made = sys.argv[1], int(sys.argv[2]), set(sys.argv[3:]), 0

def count(event, told):
    global made
    writes = event != "open" or "w" in f"{told[1]}" or (isinstance(told[2], int) and told[2] & os.O_ACCMODE)
    if event in steps and writes and f"{told[0]}".startswith(f"{folder}/"):
        made += 1
        if made == last:
            os._exit(137)

sys.addaudithook(count)
keep_in_volumes(Path(folder), 3, 1)
"""


def stopped_at(step: int, folder: Path) -> int:
    """Put acts into volumes of three in a process that ends before its step of a number; how it ended."""
    words = [sys.executable, "-c", KEPT_UNTIL, str(folder), str(step), *STEPS]
    return subprocess.run(words, check=False).returncode


def test_a_kill_before_any_step_leaves_the_ledger_whole_and_the_next_finishes(tmp_path: Path):
    straight = ledger(tmp_path / "straight", 7)
    keep_in_volumes(straight, 3, 1)
    step, code = 0, KILLED
    while code == KILLED:
        step += 1
        folder = ledger(tmp_path / f"{step}", 7)
        acts = read_acts(folder)
        code = stopped_at(step, folder)
        assert read_acts(folder) == acts
        assert head(folder) == sha256_of(acts[-1])
        assert not any(create_act(folder, number, b"other") for number in range(1, 8))
        keep_in_volumes(folder, 3, 1)
        assert [name for name in names(folder) if not name.startswith(".")] == names(straight)
        assert read_acts(folder) == acts
    assert code == 0
    assert step > 12  # two volumes, six files


def test_writers_readers_and_keepers_at_once_lose_nothing(tmp_path: Path):
    folder, over = tmp_path / "ledger", threading.Event()

    def kept() -> int:
        gone = 0
        while not over.is_set():
            gone += keep_in_volumes(folder, 2, 1)
        return gone

    def read() -> int:
        most = 0
        while not over.is_set():
            found = len(read_ledger(folder))
            assert found >= most
            assert newest_act(folder) >= found
            most = found
        return most

    with ThreadPoolExecutor(12) as pool:
        keepers, readers = [pool.submit(kept) for _ in range(2)], [pool.submit(read) for _ in range(3)]
        acts = [pool.submit(append, folder, "stage", "1001", f"r{number}", {}) for number in range(60)]
        try:
            numbers = sorted(act.result().number for act in acts)
        finally:
            over.set()
        assert sum(keeper.result() for keeper in keepers) > 20
        assert all(reader.result() for reader in readers)
    assert numbers == list(range(1, 61))
    assert sorted(entry.run_id for entry in read_ledger(folder)) == sorted(f"r{number}" for number in range(60))


def test_a_number_whose_file_went_into_a_volume_is_not_free_for_a_writer_that_looked_before(tmp_path: Path):
    folder, tries = ledger(tmp_path, 2), 0

    def others_act(_: Sequence[Entry]) -> dict[str, Any]:
        nonlocal tries
        tries += 1
        if tries == 1:
            for number in range(3):
                append(folder, "stage", "2002", f"o{number}", {})
            assert keep_in_volumes(folder, 4, 1) == 4
            assert not (folder / act_name(3)).exists()
        return {}

    assert append(folder, "stage", "1001", "mine", {}, prepare=others_act).number == 6
    assert [entry.run_id for entry in read_ledger(folder)] == ["r0", "r1", "o0", "o1", "o2", "mine"]


def test_who_keeps_waits_for_who_creates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Between a writer's look at the volumes and its create no file goes."""
    folder, created = ledger(tmp_path, 4), act_files.create_whole
    keeper: list[threading.Thread] = []

    def slowly(path: Path, content: bytes, mode: int = 0o644) -> bool:
        if path.name == act_name(2):
            keeper.append(threading.Thread(target=keep_in_volumes, args=(folder, 3, 1)))
            keeper[0].start()
            keeper[0].join(0.2)
            assert keeper[0].is_alive()
        return created(path, content, mode)

    monkeypatch.setattr(act_files, "create_whole", slowly)
    assert not create_act(folder, 2, b"other")
    keeper[0].join()
    assert len(read_ledger(folder)) == 4
    assert names(folder) == [volume_name(1, 3), act_name(4)]


def test_a_reader_whose_files_went_meanwhile_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder, content = ledger(tmp_path, 6), act_files._content
    acts, went = read_acts(folder), []

    def gone_meanwhile(place: Path, name: str) -> bytes:
        if name == act_name(2) and not went:
            went.append(name)
            monkeypatch.setattr(act_files, "_content", content)
            assert keep_in_volumes(folder, 4, 1) == 4
        return content(place, name)

    monkeypatch.setattr(act_files, "_content", gone_meanwhile)
    assert read_acts(folder) == acts
    assert went


def test_a_copy_that_goes_while_it_is_compared_is_no_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder, content = ledger(tmp_path, 4), act_files._content
    acts = read_acts(folder)
    (folder / volume_name(1, 3)).write_bytes(volume_of(1, acts[:3]))

    def gone_meanwhile(place: Path, name: str) -> bytes:
        (place / act_name(2)).unlink(missing_ok=True)
        return content(place, name)

    monkeypatch.setattr(act_files, "_content", gone_meanwhile)
    assert read_acts(folder) == acts


def flipped(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.chmod(0o644)
    path.write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "first byte": (lambda folder: flipped(folder / volume_name(1, 3), 0), "volume 00000001-00000003.acts is damaged"),
    "a line": (lambda folder: flipped(folder / volume_name(4, 6), 60), "volume 00000004-00000006.acts is damaged"),
    "within an act": (lambda folder: flipped(folder / volume_name(1, 3), 300), "broken|damaged"),
    "last byte": (lambda folder: flipped(folder / volume_name(4, 6), -1), "broken|damaged"),
    "cut short": (lambda folder: os.truncate(folder / volume_name(4, 6), 900), "cut short at act"),
    "empty": (lambda folder: os.truncate(folder / volume_name(4, 6), 0), "cut short at act 4"),
    "first is gone": (lambda folder: (folder / volume_name(1, 3)).unlink(), "00000004-00000006.acts does not follow"),
    "last is gone": (lambda folder: (folder / volume_name(4, 6)).unlink(), "00000007.json does not follow"),
    "overlap": (
        lambda folder: (folder / volume_name(6, 7)).write_bytes(volume_of(6, read_acts(folder)[5:7])),
        "00000006-00000007.acts does not follow",
    ),
    "twice": (
        lambda folder: (folder / volume_name(1, 2)).write_bytes(volume_of(1, read_acts(folder)[:2])),
        "00000001-00000003.acts does not follow",
    ),
    "under another name": (
        lambda folder: (folder / volume_name(4, 6)).rename(folder / volume_name(4, 7)),
        "00000004-00000007.acts is damaged",
    ),
    "no name": (lambda folder: (folder / "4.acts").touch(), "4.acts is no volume of acts"),
    "another act beside": (
        lambda folder: (folder / act_name(2)).write_bytes(b"{}"),
        "00000002.json is another than the volume that holds it tells",
    ),
    "no act beside": (lambda folder: (folder / "0.json").write_bytes(b"{}"), "0.json does not follow"),
    "no act after": (lambda folder: (folder / "9.json").write_bytes(b"{}"), "9.json does not follow"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_volume_that_is_not_what_it_was_is_named(tmp_path: Path, kind: str):
    folder, (damage, told) = ledger(tmp_path, 8), DAMAGES[kind]
    keep_in_volumes(folder, 3, 1)
    for name in names(folder):
        (folder / name).chmod(0o644)
    damage(folder)
    with pytest.raises(VerificationFailed, match=told):
        read_ledger(folder)
    before = names(folder)
    with pytest.raises(VerificationFailed):
        append(folder, "stage", "1001", "r", {})
    assert names(folder) == before


def test_files_stay_where_a_volume_does_not_hold_them(tmp_path: Path):
    folder = ledger(tmp_path, 6)
    (folder / volume_name(1, 3)).write_bytes(volume_of(1, [b"1", b"2", b"3"]))
    with pytest.raises(VerificationFailed, match="is another than the volume"):
        keep_in_volumes(folder, 3, 1)
    assert [name for name in names(folder) if name.endswith(".json")] == [act_name(number) for number in range(1, 7)]


def test_files_stay_where_the_disk_did_not_keep_their_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = ledger(tmp_path, 6)
    acts = read_acts(folder)
    monkeypatch.setattr(act_files, "volume_of", lambda first, acts: volume_of(first, acts)[:-1])
    with pytest.raises(VerificationFailed, match="cut short at act 3"):
        keep_in_volumes(folder, 3, 1)
    assert [(folder / act_name(number)).read_bytes() for number in range(1, 7)] == acts
