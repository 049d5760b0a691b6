"""The warehouse is derived: whoever holds it or broke it, each verb goes on, and the file is built anew."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, PREPARER, SIGNER, Scored, built_once, copy_of
from tests.docs.test_documents import PAGES, blocks
from village_credit.catalogue import export_tables
from village_credit.cli import main
from village_credit.ledger.log import append
from village_credit.publish import warehouse
from village_credit.publish.export_folder import DATABASE
from village_credit.publish.outbox import refresh_warehouse
from village_credit.publish.views import view_names
from village_credit.services.queries.export import export
from village_credit.store.store import Store

OLD_CLIENT = "duckdb==1.1.3"
HOLDS = """import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE theirs AS SELECT 1 AS one")
print("open", flush=True)
sys.stdin.readline()
connection.execute("CREATE TABLE theirs_too AS SELECT 2 AS two")
if sys.argv[2] == "killed":
    os._exit(9)
connection.close()
"""
ASKS = """import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
told = {"version": duckdb.__version__, "failed": []}
for query in json.load(sys.stdin):
    try:
        connection.execute(query).fetchall()
    except Exception as error:
        told["failed"].append([query, str(error)])
print(json.dumps(told))
"""
COLUMNS = """SELECT table_name, column_name, data_type, comment FROM duckdb_columns()
WHERE schema_name = 'main' ORDER BY ALL"""


@pytest.fixture
def held(staged: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scored:
    """A store of its own with a staged run, its warehouse built."""
    scored = copy_of(staged, tmp_path)
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(scored.store.root))
    refresh_warehouse(scored.store)
    return scored


@contextmanager
def client_with(file: Path, end: str) -> Iterator[subprocess.Popen[str]]:
    """A second process that holds the file read-write inside the block, and then closes it or is killed.

    Its owner made the file writable first: as it is built, it can only be read.
    """
    file.chmod(0o644)
    command = [sys.executable, "-c", HOLDS, str(file), end]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin
        assert client.stdout
        assert client.stdout.readline() == "open\n"
        yield client
        client.stdin.write("go on\n")
        client.stdin.close()
        client.wait()


def assert_the_views_answer(scored: Scored) -> None:
    with duckdb.connect(str(scored.store.warehouse), read_only=True) as connection:
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        assert connection.execute("SELECT run_id FROM runs").fetchall() == [(scored.run.run_id,)]
    assert tables == []
    assert not Path(f"{scored.store.warehouse}.wal").exists()


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_every_verb_goes_on_while_an_analyst_holds_the_file(held: Scored, end: str):
    run, inbox = held.run.run_id, str(held.inbox)
    verbs = [
        ["status"],
        ["score", "--inbox", inbox, "--county", COUNTY_OF_TESTS, "--as-of", "2026-11-01", "--by", PREPARER],
        ["verify", run],
        ["approve", run, "--by", SIGNER, "--reason", "test", *override(held)],
        ["publish", run, "--by", PREPARER],
        ["ledger", "verify"],
    ]
    with client_with(held.store.warehouse, end):
        assert [main(words) for words in verbs] == [0] * len(verbs)
        assert_the_views_answer(held)
    assert main(["status"]) == 0
    assert_the_views_answer(held)


def override(held: Scored) -> list[str]:
    failed = [gate["gate"] for gate in held.run.gates if gate["verdict"] == "fail"]
    return [word for gate in failed for word in ("--override", f"{gate}=test")]


def test_what_a_killed_client_left_is_gone_with_the_next_command(held: Scored):
    with client_with(held.store.warehouse, "killed"):
        pass
    assert Path(f"{held.store.warehouse}.wal").exists()
    assert main(["status"]) == 0
    assert_the_views_answer(held)


@pytest.mark.parametrize("content", [b"", b"no database", bytes(range(256)) * 80], ids=len)
def test_a_broken_file_is_built_anew(held: Scored, content: bytes):
    held.store.warehouse.unlink()
    held.store.warehouse.write_bytes(content)
    assert main(["status"]) == 0
    assert_the_views_answer(held)


def test_a_file_of_other_code_is_built_anew(held: Scored, monkeypatch: pytest.MonkeyPatch):
    assert warehouse.is_current(held.store)
    monkeypatch.setattr(warehouse, "code_sha256", lambda: "0" * 64)
    assert not warehouse.is_current(held.store)


def test_where_it_cannot_be_written_the_act_stands_and_the_next_command_builds_it(
    held: Scored, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    words = ["approve", held.run.run_id, "--by", SIGNER, "--reason", "test", *override(held)]
    with monkeypatch.context() as patch:
        patch.setattr(warehouse, "_fill", full)
        assert main(words) == 0
    assert "warehouse.duckdb (No space left on device); the next command tries again" in caplog.text
    assert not warehouse.is_current(held.store)
    assert main(["status"]) == 0
    assert warehouse.is_current(held.store)


def test_the_file_is_for_reading_and_nothing_stays_beside_it(held: Scored):
    strays = [held.store.root / name for name in (".warehouse.0badcafe.duckdb", ".warehouse.0badcafe.duckdb.wal")]
    for stray in strays:
        stray.write_bytes(b"what a killed process left")
    assert warehouse.build_warehouse(held.store) == held.store.warehouse
    assert stat.S_IMODE(held.store.warehouse.stat().st_mode) == 0o444
    assert [stray for stray in strays if stray.exists()] == []


def test_an_act_of_another_process_while_it_is_built_is_in_it(held: Scored, monkeypatch: pytest.MonkeyPatch):
    fill, built = warehouse._fill, []

    def acted_meanwhile(*words: object) -> None:
        fill(*words)  # type: ignore[arg-type]
        if not built:
            append(held.store.ledger_folder, "test", PREPARER, held.run.run_id, {})
        built.append(words)

    monkeypatch.setattr(warehouse, "_fill", acted_meanwhile)
    warehouse.build_warehouse(held.store)
    assert len(built) == 2
    assert warehouse.is_current(held.store)


def test_a_file_that_was_not_written_whole_does_not_take_the_place_of_the_old_one(
    held: Scored, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    ask, before = warehouse._asked, held.store.warehouse.read_bytes()
    monkeypatch.setattr(warehouse, "_asked", lambda *words: ask(*words)[:-1])
    assert warehouse.build_warehouse(held.store) is None
    assert "the analysts' views are not up to date" in caplog.text
    assert held.store.warehouse.read_bytes() == before
    assert list(held.store.root.glob(".warehouse.*.duckdb*")) == []


def test_one_process_builds_at_a_time(held: Scored, monkeypatch: pytest.MonkeyPatch):
    lock, built = held.store.root / ".warehouse.lock", warehouse._built

    def while_others_wait(store: Store) -> Path | None:
        with lock.open("w") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return built(store)

    monkeypatch.setattr(warehouse, "_built", while_others_wait)
    assert warehouse.build_warehouse(held.store) == held.store.warehouse
    with lock.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_runs_of_one_shape_and_of_two_are_told_by_the_same_views(held: Scored, monkeypatch: pytest.MonkeyPatch):
    def told() -> list[tuple[object, ...]]:
        warehouse.build_warehouse(held.store)
        with duckdb.connect(str(held.store.warehouse), read_only=True) as connection:
            views = [name for name in view_names() if name != "runs"]  # minutes and status go on
            rows = [
                (name, *row) for name in views for row in connection.execute(f"FROM {name} ORDER BY ALL").fetchall()
            ]
            query = (
                "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE schema_name = 'main'"
            )
            return rows + sorted(connection.execute(query).fetchall())

    from_ready = told()
    views = warehouse.inner_views
    monkeypatch.setattr(warehouse, "inner_views", lambda *words: (views(*words)[0], False))
    assert told() == from_ready


@pytest.fixture(scope="session")
def old_client(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that imports DuckDB 1.x, as an analyst's programs do."""

    def install(folder: Path) -> Path:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        done = subprocess.run([*pip, "--target", str(folder / "client"), OLD_CLIENT, "pytz"], check=False)
        return folder / "client" if done.returncode == 0 else folder

    place = built_once(tmp_path_factory, "old_client", install)
    assert isinstance(place, Path)
    if place.name != "client":
        assert not os.environ.get("VILLAGE_CREDIT_REQUIRE_ALL"), f"pip cannot install {OLD_CLIENT}"
        pytest.skip(f"pip cannot install {OLD_CLIENT}: no client of 1.x opens the warehouse here")
    return {**os.environ, "PYTHONPATH": str(place)}


def test_a_client_of_1x_opens_the_file_and_answers_every_view_and_every_documented_query(
    quiet: Scored, tmp_path: Path, old_client: dict[str, str]
):
    store = copy_of(quiet, tmp_path).store
    refresh_warehouse(store)
    documented = [text for page in PAGES for language, text in blocks(page) if language == "sql"]
    queries = [one for text in documented for one in text.split(";") if one.strip()]
    queries += [f"FROM {name}" for name in existing_views(store.warehouse)]
    command = [sys.executable, "-c", ASKS, str(store.warehouse)]
    done = subprocess.run(
        command, env=old_client, input=json.dumps(queries), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {"version": OLD_CLIENT.partition("==")[2], "failed": []}
    assert len(queries) > len(view_names())


def test_a_client_of_1x_opens_an_export_too(quiet: Scored, tmp_path: Path, old_client: dict[str, str]):
    month = f"{AS_OF:%Y-%m}"
    export(quiet.store, [COUNTY_OF_TESTS], month, tmp_path / "export", AS_OF + timedelta(40))
    queries = [f"FROM {name}" for name in export_tables()] + ["SELECT comment FROM duckdb_columns()"]
    command = [sys.executable, "-c", ASKS, str(tmp_path / "export" / DATABASE)]
    done = subprocess.run(
        command, env=old_client, input=json.dumps(queries), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {"version": OLD_CLIENT.partition("==")[2], "failed": []}


def existing_views(file: Path) -> list[str]:
    with duckdb.connect(str(file), read_only=True) as connection:
        made = {name for (name,) in connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    return [name for name in view_names() if name in made]
