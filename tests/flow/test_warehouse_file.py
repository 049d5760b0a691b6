"""The warehouse is derived: whoever holds it or broke it, each verb goes on, and the file is built anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.conftest import COUNTY_OF_TESTS, PREPARER, SIGNER, Scored, built_once, copy_of
from tests.docs.test_documents import PAGES, blocks
from village_credit.cli import main
from village_credit.publish import warehouse
from village_credit.publish.outbox import refresh_warehouse
from village_credit.publish.views import view_names

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
    """A second process that holds the file read-write inside the block, and then closes it or is killed."""
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


def existing_views(file: Path) -> list[str]:
    with duckdb.connect(str(file), read_only=True) as connection:
        made = {name for (name,) in connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    return [name for name in view_names() if name in made]
