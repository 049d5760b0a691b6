"""What a night has to tell goes to whom it concerns, by a local receiver; no address is ever quoted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipelines.alerts import VARIABLE, Told, load_alerts, of_run, tell
from village_credit.errors import MissingInput

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # a service of apprise, not ours

CANARY = "hunter2"
RUN = {
    "county": "659900",
    "as_of": "2026-11-01",
    "run_id": "r0",
    "noop": False,
    "gates": [
        {"gate": "budget", "verdict": "pass", "value": 0.0},
        {"gate": "deliveries", "verdict": "warn", "value": 3.0},
        {"gate": "legal_basis", "verdict": "fail", "value": 0.5},
        {"gate": "model_valid", "verdict": "warn", "value": 40.0},
    ],
}


@pytest.fixture
def received() -> Iterator[tuple[int, list[str]]]:
    """A receiver on this machine: its port, and what it was sent."""
    bodies: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, bodies
        server.shutdown()
        thread.join()


def file_of(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "alerts.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def test_each_address_is_told_what_it_asked_for_in_one_message(tmp_path: Path, received: tuple[int, list[str]]):
    port, bodies = received
    to = f"json://user:{CANARY}@127.0.0.1:{port}/"
    file = file_of(
        tmp_path,
        f'[[alert]]\nto = "{to}"\non = ["gate", "to_sign"]\n[[alert]]\nto = "{to}"\non = ["late_office", "ending"]\n'
        f'[[alert]]\nto = "{to}"\non = ["failed"]\n',
    )
    assert tell(of_run(RUN), pytest.fail, file) == 2
    assert bodies == [
        (
            "county 659900 as of 2026-11-01: run r0 waits for a signature\n"
            "county 659900 as of 2026-11-01: failed gates: legal_basis"
        ),
        (
            "county 659900 as of 2026-11-01: 3 tables are late or lacking\n"
            "county 659900 as of 2026-11-01: the scorecard is valid for 40 days more"
        ),
    ]


def test_a_run_that_was_there_already_waits_for_nobody_anew():
    events = [told.event for told in of_run({**RUN, "noop": True})]
    assert events == ["gate", "late_office", "ending"]
    assert of_run({**RUN, "noop": True, "gates": RUN["gates"][:1]}) == []  # type: ignore[index]


def test_an_address_that_does_not_answer_is_told_without_itself_and_sinks_nothing(tmp_path: Path):
    told: list[str] = []
    file = file_of(tmp_path, f'[[alert]]\nto = "json://user:{CANARY}@127.0.0.1:9/"\non = ["failed"]\n')
    assert tell([Told("failed", "x")], lambda text, number: told.append(text % number), file) == 0
    assert told == ["alert 1 of the file of alerts was not taken by its address"]


def test_nothing_to_tell_or_nobody_to_tell_asks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert tell([Told("failed", "x")], pytest.fail) == 0
    assert tell([], pytest.fail, str(tmp_path / "none")) == 0


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        (f'[[alert]]\nto = "json://{CANARY}@h/"\non = ["failed"]\n', 0o644, "open to others"),
        (f'[[alert]]\nto = "nothing://{CANARY}"\non = ["failed"]\n', 0o600, "alert 1"),
        (f'[[alert]]\nto = "json://{CANARY}@h/"\non = ["everything"]\n', 0o600, "alert.0.on.0"),
        (f'[[alert]]\nto = "json://{CANARY}@h/"\n', 0o600, "alert.0.on"),
        (f"to = {CANARY}", 0o600, "no TOML file"),
    ],
)
def test_an_unsound_file_is_refused_without_a_word_of_its_addresses(tmp_path: Path, text: str, mode: int, why: str):
    with pytest.raises(MissingInput, match=why) as caught:
        load_alerts(Path(file_of(tmp_path, text, mode)))
    assert CANARY not in str(caught.value)


def test_a_folder_in_its_place_is_told_in_words(tmp_path: Path):
    (tmp_path / "alerts.toml").mkdir(mode=0o700)
    with pytest.raises(MissingInput, match="cannot be read: is a directory"):
        load_alerts(tmp_path / "alerts.toml")


def test_a_gate_without_a_figure_is_told_all_the_same():
    gates = [{"gate": name, "verdict": "fail", "value": None} for name in ("deliveries", "model_valid")]
    told = [one.sentence for one in of_run({**RUN, "noop": True, "gates": gates})]
    assert len([sentence for sentence in told if "nobody knows how many" in sentence]) == 2


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(MissingInput, match=r"not there: none\.toml"):
        load_alerts(tmp_path / "none.toml")


def test_an_unsound_file_tells_nobody_and_sinks_nothing(tmp_path: Path):
    said: list[str] = []
    file = file_of(tmp_path, f'[[alert]]\nto = "json://{CANARY}@h/"\non = ["to_sing"]\n')
    assert tell([Told("failed", "x")], lambda text, why: said.append(text % why), file) == 0
    assert said[0].startswith("nobody was told: alerts.toml: see to alert.0.on.0")
    assert CANARY not in said[0]
