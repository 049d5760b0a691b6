"""A real Prefect server with a worker: what operations trigger arrives in the store, and nothing else can be run."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, MODELS, ROOT, new_store, request_of
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.services.scoring import stage as score
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

pytestmark = pytest.mark.system

COUNTY, EMPTY_COUNTY = "659900", "653199"


@dataclass(frozen=True)
class Served:
    """A running server with its worker, and the store that they work on."""

    environment: dict[str, str]
    store: Store
    home: Path

    def prefect(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def staged(self) -> list[Entry]:
        return [entry for entry in Ledger.of(self.store) if entry.act == "stage"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    inbox = folder / "inbox"
    synthesize(inbox, COUNTY, 2, 40, 7, AS_OF)
    (inbox / EMPTY_COUNTY).mkdir()
    store = new_store(folder)
    score.score_inbox(store, inbox, request_of(COUNTY))
    places = {"STORE": store.root, "KEY_FILE": folder / "keys", "MODELS": MODELS, "INBOX": inbox}
    environment = {**os.environ, **{f"VILLAGE_CREDIT_{name}": str(path) for name, path in places.items()}}
    command = [sys.executable, "-m", "pipelines.serve", "--port", "0", "--home", str(folder / "prefect")]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = page_of(process)
            yield Served(
                {
                    **environment,
                    "PREFECT_API_URL": f"{address}/api",
                    "PREFECT_HOME": str(folder / "client"),
                    "DO_NOT_TRACK": "1",
                },
                store,
                folder / "prefect",
            )
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def page_of(process: subprocess.Popen[str]) -> str:
    """Read what `serve` prints until it is ready; it gives up by itself after a bounded time."""
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("ready"):
            return next(text.split()[1] for text in said if text.startswith("page"))
    raise AssertionError("".join(said))


def spoken(run: subprocess.CompletedProcess[str]) -> str:
    """What a command said, as one line: it wraps at the width of a terminal."""
    return " ".join((run.stdout + run.stderr).split())


def test_operations_can_trigger_a_rescore(served: Served):
    run = served.prefect(
        "deployment", "run", "rescore/ops", "-p", f"county={COUNTY}", "-p", "as_of=2026-11-02", "--watch"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Completed" in run.stdout
    assert [entry.details["as_of"] for entry in served.staged()] == ["2026-11-01", "2026-11-02"]


def test_a_county_without_deliveries_does_not_sink_the_night(served: Served):
    asked = ("-p", "as_of=2026-11-03", "-p", "even_if_nothing_came=true")
    run = served.prefect("deployment", "run", "score-all/nightly", *asked, "--watch")
    assert run.returncode != 0
    details = served.staged()[-1].details
    assert (details["county_code"], details["as_of"]) == (COUNTY, "2026-11-03")


def test_a_night_in_which_nothing_came_makes_no_run(served: Served):
    acts = len(served.staged())
    served.prefect("deployment", "run", "score-all/nightly", "-p", "as_of=2026-11-04", "--watch")
    assert len(served.staged()) == acts


def test_the_server_keeps_no_personal_data(served: Served):
    """Database, logs and results of Prefect, after the runs above: no ID number or telephone of the county."""
    run_id = served.staged()[0].run_id
    people = pq.read_table(io.BytesIO(served.store.open_identities(run_id)))
    canaries = {
        value.encode() for column in ("person_id", "phone") for value in people.column(column).to_pylist() if value
    }
    kept = [path.read_bytes() for path in served.home.rglob("*") if path.is_file()]
    assert len(canaries) > 40
    assert sum(map(len, kept)) > 100_000
    assert not [canary for canary in canaries for content in kept if canary in content]


def test_a_run_cannot_bring_its_own_command(served: Served):
    run = served.prefect("deployment", "run", "rescore/ops", "-p", f"county={COUNTY}", "--job-variable", "command=true")
    assert run.returncode != 0
    assert "'command' was unexpected" in spoken(run)


@pytest.mark.parametrize(
    ("wrong", "said"), [("county=110101", "110101 is not one of"), ("reason=of 659900190001011237", "does not match")]
)
def test_the_server_refuses_other_counties_and_numbers_of_people(served: Served, wrong: str, said: str):
    run = served.prefect("deployment", "run", "rescore/ops", "-p", f"county={COUNTY}", "-p", wrong)
    assert run.returncode != 0
    assert said in spoken(run)


def test_the_night_is_scheduled(served: Served):
    """The server's scheduler looks every few seconds; each look of ours takes about one."""
    looks = (
        served.prefect("flow-run", "ls", "--flow-name", "score-all", "--state", "Scheduled", "-o", "json")
        for _ in range(20)
    )
    assert any(json.loads(look.stdout) for look in looks), (served.home / "server.log").read_text(encoding="utf-8")
