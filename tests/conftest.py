"""Small counties and stores that whole-path tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings

from village_credit import duckdb_session
from village_credit.services import rules as inputs
from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish
from village_credit.services.scoring import stage as score
from village_credit.store import runs
from village_credit.store.keys import load_keys
from village_credit.store.store import Store, open_store
from village_credit.synthetic import synthesize

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "models"
DELIVERY = Path(__file__).parent / "delivery"
AS_OF = date(2026, 11, 1)
PREPARER, SIGNER = "1001", "2002"
COUNTY_OF_TESTS = "659900"

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
    keys, _ = load_keys(key_file or folder / "keys")
    return open_store(folder / "store", keys)


def request_of(county_code: str, as_of: date = AS_OF, **changes: object) -> inputs.Request:
    return inputs.Request(**{"county_code": county_code, "as_of": as_of, "by": PREPARER, "models": MODELS, **changes})  # type: ignore[arg-type]


def score_into(store: Store, inbox: Path, county_code: str, as_of: date = AS_OF) -> Scored:
    return Scored(store, inbox, county_code, score.score_inbox(store, inbox, request_of(county_code, as_of)))


def put_in_force(store: Store, run_id: str) -> publish.Published:
    sign.approve(store, run_id, SIGNER, "test", runs.failed_gates(store, run_id))
    return publish.publish(store, run_id, PREPARER)


@pytest.fixture(scope="session")
def county_inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic county of 600 households with typical damage; never written to."""
    inbox = tmp_path_factory.mktemp("county") / "inbox"
    synthesize(inbox, "659900", 4, 600, 7, AS_OF, "typical")
    return inbox


@pytest.fixture(scope="session")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """The delivery written by other hands, scored, signed and published; read only."""
    scored = score_into(new_store(tmp_path_factory.mktemp("delivery")), DELIVERY / "inbox", "653199")
    put_in_force(scored.store, scored.run.run_id)
    return scored


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, county_inbox: Path) -> Scored:
    """The synthetic county, scored, signed and published; read only."""
    scored = score_into(new_store(tmp_path_factory.mktemp("published")), county_inbox, "659900")
    put_in_force(scored.store, scored.run.run_id)
    return scored


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
