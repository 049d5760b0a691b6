"""Small counties and stores that whole-path tests share: built once, and copied where a test writes.

VILLAGE_CREDIT_TEST_KEY_SEED=n gives every new store the keys of that seed, so that a pass or a failure under one
order of pseudonyms can be had again; without it keys are fresh, and no test may depend on them.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import io
import json
import os
import shutil
import string
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

from village_credit import duckdb_session
from village_credit.demo import lived as demo
from village_credit.extract.inbox import pull
from village_credit.ledger import log
from village_credit.ledger.ledger import Ledger
from village_credit.services import rules as inputs
from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish
from village_credit.services.scoring import stage as score
from village_credit.services.scoring.snapshot import take_snapshot
from village_credit.store import runs
from village_credit.store.keys import NAMES, load_keys
from village_credit.store.store import ROWS, Store, open_store
from village_credit.synthetic import synthesize

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "models"
DELIVERY = Path(__file__).parent / "delivery"
AS_OF = date(2026, 11, 1)
PREPARER, SIGNER = "1001", "2002"
COUNTY_OF_TESTS = "659900"
SEED = os.environ.get("VILLAGE_CREDIT_TEST_KEY_SEED")

# No test of ours depends on how fast a machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
os.environ.pop("VILLAGE_CREDIT_STORE", None)
os.environ["VILLAGE_CREDIT_MODELS"] = str(MODELS)


@dataclass(frozen=True)
class Scored:
    """A store, the inbox that it was scored from, and the staged run."""

    store: Store
    inbox: Path
    county_code: str
    run: score.StagedRun


def new_store(folder: Path, key_file: Path | None = None) -> Store:
    path = key_file or folder / "keys"
    if SEED and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        owner = f"{SEED} {folder.name.rstrip(string.digits)}"  # other stores have other keys, whatever ran before
        digests = {name: hashlib.sha256(f"{owner} {name}".encode()).digest() for name in NAMES}
        path.write_text(json.dumps({name: base64.b64encode(key).decode() for name, key in digests.items()}), "utf-8")
        path.chmod(0o600)
    keys, _ = load_keys(path)
    return open_store(folder / "store", keys)


def request_of(county_code: str, as_of: date = AS_OF, **changes: object) -> inputs.Request:
    return inputs.Request(**{"county_code": county_code, "as_of": as_of, "by": PREPARER, "models": MODELS, **changes})  # type: ignore[arg-type]


def score_into(store: Store, inbox: Path, county_code: str, as_of: date = AS_OF) -> Scored:
    return Scored(store, inbox, county_code, score.score_inbox(store, inbox, request_of(county_code, as_of)))


def next_run(
    store: Store, inbox: Path, county_code: str, as_of: date = AS_OF, **changes: object
) -> tuple[str, dict[str, Any]]:
    """The id that a scoring would have now, and what it hangs on: everything that the run's tables depend on."""
    request = request_of(county_code, as_of, **changes)
    rules = inputs.load_rules(request, store.keys.public_keys())
    snapshot = take_snapshot(store, Ledger.of(store), list(pull(inbox, county_code)), request, rules)
    return snapshot.run_id, snapshot.parts


def next_run_id(store: Store, inbox: Path, county_code: str, as_of: date = AS_OF, **changes: object) -> str:
    return next_run(store, inbox, county_code, as_of, **changes)[0]


def put_in_force(store: Store, run_id: str) -> publish.Published:
    """Sign and publish; the views are written once, by the second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)
        sign.approve(store, run_id, SIGNER, "test", runs.failed_gates(store, run_id))
    return publish.publish(store, run_id, PREPARER)


def by_unit(store: Store, run_id: str, keys: Iterable[str]) -> list[str]:
    """Households of a run in the order of the register: under whatever key, a test that picks one picks the same.

    Those without a person on the register come last.
    """
    vault = pq.read_table(io.BytesIO(store.open_identities(run_id)))
    units = dict(zip(vault["household_key"].to_pylist(), vault["unit_code"].to_pylist(), strict=True))
    return sorted(keys, key=lambda key: units.get(key, "~"))


@contextmanager
def on_day(day: date) -> Iterator[None]:
    """Let the ledger's clock show noon in China of a day."""
    with pytest.MonkeyPatch.context() as patch:
        moment = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        patch.setattr(log, "datetime", SimpleNamespace(now=lambda _zone: moment))
        yield


def linked_rows(store: Store, run_id: str) -> pa.Table:
    """Which line of which file speaks of which household of a run: the vault alone knows."""
    sealed = store.open_part(run_id, ROWS)
    assert sealed is not None
    return pq.read_table(io.BytesIO(sealed))


def copy_of(scored: Scored, folder: Path) -> Scored:
    """The same in a store of its own under `folder`, with its keys, to be written to.

    The next act rewrites the views.
    """
    shutil.copytree(scored.store.root, folder / "store")
    shutil.copy(scored.store.root.parent / "keys", folder / "keys")
    return replace(scored, store=new_store(folder))


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], Scored | Path]) -> Scored | Path:
    """What `build` makes in a folder, made by the first process of the session that asks; none may write to it."""
    session = factory.getbasetemp()
    folder = (session.parent if os.environ.get("PYTEST_XDIST_WORKER") else session) / f"shared_{name}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            (folder / "made").write_text(json.dumps(_told(build(folder))), "utf-8")
    made = json.loads((folder / "made").read_text("utf-8"))
    if "run_id" not in made:
        return Path(made["path"])
    store = new_store(Path(made["path"]))
    run = score.staged_result(store, made["run_id"], noop=False, seconds=made["seconds"])
    return Scored(store, Path(made["inbox"]), made["county_code"], run)


def _told(built: Scored | Path) -> dict[str, Any]:
    if isinstance(built, Path):
        return {"path": str(built)}
    return {
        "path": str(built.store.root.parent),
        "inbox": str(built.inbox),
        "county_code": built.county_code,
        "run_id": built.run.run_id,
        "seconds": built.run.seconds,
    }


def _in_force(scored: Scored) -> Scored:
    put_in_force(scored.store, scored.run.run_id)
    return scored


@pytest.fixture(scope="session")
def county_inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic county of 600 households with typical damage; never written to."""

    def build(folder: Path) -> Path:
        synthesize(folder / "inbox", COUNTY_OF_TESTS, 4, 600, 7, AS_OF, "typical")
        return folder / "inbox"

    return built_once(tmp_path_factory, "inbox", build)


@pytest.fixture(scope="session")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """The delivery written by other hands, scored, signed and published; read only."""

    def build(folder: Path) -> Scored:
        return _in_force(score_into(new_store(folder), DELIVERY / "inbox", "653199"))

    return built_once(tmp_path_factory, "delivery", build)


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory, county_inbox: Path) -> Scored:
    """The synthetic county, scored and nothing more; read only."""

    def build(folder: Path) -> Scored:
        return score_into(new_store(folder), county_inbox, COUNTY_OF_TESTS)

    return built_once(tmp_path_factory, "staged", build)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, staged: Scored) -> Scored:
    """The synthetic county, scored, signed and published; read only."""
    return built_once(tmp_path_factory, "published", lambda folder: _in_force(copy_of(staged, folder)))


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A small county of two branches without damage, scored, signed and published on its day; read only."""

    def build(folder: Path) -> Scored:
        synthesize(folder / "inbox", COUNTY_OF_TESTS, 8, 240, 7, AS_OF, "none")
        with on_day(AS_OF):
            return _in_force(score_into(new_store(folder), folder / "inbox", COUNTY_OF_TESTS))

    return built_once(tmp_path_factory, "quiet", build)


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A small county that has lived, as `make run` makes one: published twice, answered, drawn on; read only."""

    def build(folder: Path) -> Scored:
        county = demo_of(folder)
        store = new_store(folder)
        county.deliver(county.inbox, AS_OF)
        demo.live(store, county, lambda *_: None)
        run = demo.score_last(store, county, lambda *_: None)
        demo.publish_last(store, county, run.run_id)
        return Scored(store, county.inbox, COUNTY_OF_TESTS, run)

    return built_once(tmp_path_factory, "lived", build)


def demo_of(folder: Path) -> demo.County:
    """The small county that `lived` is, with its files in a folder."""
    return demo.County(COUNTY_OF_TESTS, 8, 300, 7, folder / "inbox", MODELS)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A small county with hostile damage, scored and nothing more; read only."""

    def build(folder: Path) -> Scored:
        synthesize(folder / "inbox", COUNTY_OF_TESTS, 3, 300, 5, AS_OF, "hostile")
        return score_into(new_store(folder), folder / "inbox", COUNTY_OF_TESTS)

    return built_once(tmp_path_factory, "hostile", build)


@pytest.fixture(scope="session", autouse=True)
def whatever_a_test_says_was_drawn_has_happened() -> Iterator[None]:
    """No test depends on the day on which it runs: today is after all movements, where it is asked for these."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("village_credit.services.servicing.usage.today", lambda: date(2099, 12, 31))
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_is_created_where_one_only_looks() -> Iterator[None]:
    """Connections that share a database must leave nothing in it: the next one would find it."""
    yield
    found = (
        duckdb_session.query_cursor()
        .execute(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal AND NOT temporary UNION ALL SELECT "
            "table_name FROM duckdb_tables() WHERE NOT temporary"
        )
        .fetchall()
    )
    assert found == []
