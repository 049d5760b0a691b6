"""A store is opened: what killed processes left goes, what stands is left alone, reading needs no right to write."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from village_credit import duckdb_session
from village_credit.errors import UsageError
from village_credit.store.opening import open_with_keys
from village_credit.store.store import PRIVATE, SPILL
from village_credit.store.strays import SWEPT

OLD = 1_000_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    open_with_keys(tmp_path / "store", tmp_path / "keys")
    return tmp_path / "store"


def left(root: Path, place: str, *, age: int | None = OLD) -> Path:
    path = root / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"half")
    if age is not None:
        os.utime(path, (age, age))
    return path


def test_what_killed_processes_left_goes_after_an_hour(root: Path):
    gone = [left(root, f"{room}/.name.0badcafe") for room in SWEPT]
    kept = [left(root, "approvals/.r1.0badcafe.json"), left(root, "vault/r1.sealed")]
    kept.append(left(root, "vault/.new.0badcafe", age=None))
    kept += [left(root, "frozen/.nfs000000000badcafe"), left(root, "outbox/.snapshot")]  # not ours
    folder = root / "runs" / ".r1.0badcafe"
    folder.mkdir()
    left(root, "runs/.r1.0badcafe/decisions.parquet")
    os.utime(folder, (OLD, OLD))
    open_with_keys(root, root.parent / "keys")
    assert [path for path in (*gone, folder) if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []


def test_rows_that_a_dead_process_spilled_go_at_once_and_a_living_one_keeps_its_own(root: Path):
    dead, living = root / "vault" / f"{SPILL}999999999", root / "vault" / f"{SPILL}{os.getpid()}"
    for folder in (dead, living):
        folder.mkdir()
        (folder / "duckdb_temp_storage-0.tmp").write_bytes(b"rows")
    open_with_keys(root, root.parent / "keys")
    assert not dead.exists()
    assert living.exists()


def test_queries_spill_into_the_vault_alone(root: Path):
    expected = str(root / "vault" / f"{SPILL}{os.getpid()}")
    query = "SELECT current_setting('temp_directory')"
    for connection in (duckdb_session.connect(), duckdb_session.query_cursor()):
        assert connection.execute(query).fetchall() == [(expected,)]
    assert stat.S_IMODE((root / "vault").stat().st_mode) == 0o700


def test_queries_hold_what_they_may_and_write_the_rest_into_the_vault(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(duckdb_session.MEMORY, "256")
    open_with_keys(root, root.parent / "keys")
    spilled = root / "vault" / f"{SPILL}{os.getpid()}"
    connection = duckdb_session.connect()
    connection.execute("CREATE TABLE lines AS SELECT i, md5(i::VARCHAR) AS text FROM range(6000000) AS n(i)")
    assert any(spilled.iterdir())  # some 300 MB do not fit
    assert connection.execute("SELECT count(text), sum(i % 2) FROM lines").fetchall() == [(6000000, 3000000)]
    monkeypatch.delenv(duckdb_session.MEMORY)
    open_with_keys(root, root.parent / "keys")
    limit = "SELECT current_setting('memory_limit')"
    assert duckdb_session.query_cursor().execute(limit).fetchall() == duckdb_session.connect().execute(limit).fetchall()


@pytest.mark.parametrize("said", ["0", "255", "1e3", "２５６", "99999999", "-200"])
def test_a_memory_that_is_none_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch, said: str):
    monkeypatch.setenv(duckdb_session.MEMORY, said)
    with pytest.raises(UsageError, match=duckdb_session.MEMORY):
        open_with_keys(root, root.parent / "keys")


def test_opening_writes_nothing_where_all_is_as_it_should_be(root: Path, monkeypatch: pytest.MonkeyPatch):
    left(root, "vault/.name.0badcafe")

    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refused)
    monkeypatch.setattr(Path, "chmod", refused)
    monkeypatch.setattr(Path, "unlink", refused)
    store, is_new = open_with_keys(root, root.parent / "keys")
    assert not is_new
    assert all((store.root / room).is_dir() for room in PRIVATE)


def test_stores_are_opened_by_several_threads_at_once(root: Path):
    duckdb_session.query_cursor()

    def opened(_: int) -> bool:
        return open_with_keys(root, root.parent / "keys")[1]

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(opened, range(400)))
