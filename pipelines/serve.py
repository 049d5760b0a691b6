"""A checkout becomes a local Prefect server on 127.0.0.1 with every deployment and a worker; Ctrl-C ends it all.

Whoever reaches Prefect's API could otherwise run commands on the worker, so the pool's job template is locked:
command, environment and folder are fixed, and a run cannot bring its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import httpx

from pipelines.alerts import VARIABLE as ALERTS
from pipelines.alerts import load_alerts
from pipelines.places import PLACES, counties_at_once, place
from village_credit import duckdb_session
from village_credit.errors import MissingInput, UsageError, VillageCreditError
from village_credit.settings import most_memo_bytes, settings

HERE = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[1]
POOL = "county"
START_SECONDS, STOP_SECONDS = 120, 15


def main() -> int:
    """Serve until a signal; gives 0 for a clean end, else the exit code of what went wrong."""
    words = _words()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        require_settings()
        serve(words.home.resolve(), free_port(words.port))
    except VillageCreditError as error:
        print(f"serve: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped", flush=True)
    return 0


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipelines.serve", description=__doc__)
    parser.add_argument("--port", type=int, default=4200, help="0 takes any free one (default 4200)")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "prefect", help="Prefect's own files")
    return parser.parse_args()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of the processes behind
    raise KeyboardInterrupt


def require_settings() -> None:
    """Raise what a night would meet otherwise: settings that are no numbers, an unsound file of alerts."""
    counties_at_once()
    most_memo_bytes()
    duckdb_session.connect().close()
    if said := os.environ.get(ALERTS):
        load_alerts(Path(said))


def free_port(wanted: int) -> int:
    """Check that a port is free, or take any for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HERE, wanted))
        except OSError:
            raise UsageError(f"port {wanted} is taken: end what listens there, or give another --port") from None
        return int(probe.getsockname()[1])


def serve(home: Path, port: int) -> None:
    """Start the server, deploy, start the worker, and stay until a signal or until one of them ends."""
    home.mkdir(parents=True, exist_ok=True)
    environment = environment_of(home, port)
    with ExitStack() as stack:
        print("starting Prefect, half a minute the first time …", flush=True)
        server = start(stack, home / "server.log", environment, "server", "start", "--host", HERE, "--port", str(port))
        wait_until_healthy(server, environment["PREFECT_API_URL"], home)
        deploy(home, environment)
        close_dead_runs(environment["PREFECT_API_URL"])
        worker = start(stack, home / "worker.log", environment, "worker", "start", "--pool", POOL)
        print(_hello(environment["PREFECT_API_URL"], home), flush=True)
        _stay([server, worker], home)


def environment_of(home: Path, port: int) -> dict[str, str]:
    """Fix what every process needs: our places as whole paths, and a Prefect that calls nobody."""
    paths = settings()
    ours = {
        "VILLAGE_CREDIT_STORE": paths.store,
        "VILLAGE_CREDIT_KEY_FILE": paths.key_file,
        "VILLAGE_CREDIT_MODELS": paths.models,
    }
    if paths.counties:
        ours["VILLAGE_CREDIT_COUNTIES"] = paths.counties
    ours |= {variable: place(variable) for variable in PLACES}
    ours |= {variable: Path(said) for variable in (ALERTS,) if (said := os.environ.get(variable))}
    return {
        **os.environ,
        **{variable: str(path.resolve()) for variable, path in ours.items()},
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://{HERE}:{port}/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",  # that page asks its maker's server for a configuration at every load
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), HERE))),
    }


def prefect(*arguments: str) -> list[str]:
    """Return a Prefect command of this interpreter."""
    return [sys.executable, "-m", "prefect", "--no-prompt", *arguments]


def start(stack: ExitStack, log: Path, environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """Start a long-lived process in a session of its own, so that Ctrl-C reaches it only through us, in order."""
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and words
            prefect(*arguments),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    stack.callback(stop, process)
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children: asked first, made to after a while."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)  # a flow that outlived its worker; its run may be repeated
    except ProcessLookupError:
        return


def wait_until_healthy(server: subprocess.Popen[bytes], address: str, home: Path) -> None:
    """Ask the server until it answers; raises MissingInput where it ended or took too long."""
    end = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False, timeout=2) as client:
        while server.poll() is None and time.monotonic() < end:
            try:
                if client.get(f"{address}/health").is_success:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            time.sleep(0.2)
    raise MissingInput(f"the server did not start: see {home / 'server.log'}")


def close_dead_runs(address: str) -> None:
    """Mark what an earlier worker left running as crashed: it would keep its deployment's only place for ever."""
    alive = {"flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}}}
    crashed = {"state": {"type": "CRASHED", "message": "its worker was stopped; run it again"}, "force": True}
    with httpx.Client(base_url=address, trust_env=False, timeout=30) as client:
        for run in client.post("/flow_runs/filter", json=alive).raise_for_status().json():
            client.post(f"/flow_runs/{run['id']}/set_state", json=crashed).raise_for_status()


def deploy(home: Path, environment: dict[str, str]) -> None:
    """Make the work pool with its locked template, and deploy prefect.yaml; again without harm."""
    template = home / "pool.json"
    template.write_text(json.dumps(locked_template(), indent=1), encoding="utf-8")
    pool = ("work-pool", "create", POOL, "--type", "process", "--base-job-template", str(template), "--overwrite")
    for arguments in (pool, ("deploy", "--all")):
        done = subprocess.run(  # noqa: S603  # our own interpreter and words
            prefect(*arguments), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise MissingInput(f"`prefect {' '.join(arguments[:2])}` failed:\n{done.stdout}{done.stderr}")


def locked_template() -> dict[str, object]:
    """Fix what the worker runs, in which folder and environment; a run may set none of it."""
    job = {
        "command": shlex.join([sys.executable, "-m", "prefect.engine"]),
        "env": {},
        "labels": {},
        "name": None,
        "stream_output": True,
        "working_dir": str(ROOT),
    }
    return {"job_configuration": job, "variables": {"type": "object", "properties": {}, "additionalProperties": False}}


def _hello(address: str, home: Path) -> str:
    return f"""page      {address.removesuffix("/api")}
logs      {home}
trigger   PREFECT_API_URL={address} {shlex.quote(sys.executable)} -m prefect deployment run 'rescore/ops' -p county=659900
ready; Ctrl-C ends it"""  # noqa: E501


def _stay(processes: list[subprocess.Popen[bytes]], home: Path) -> None:
    """Return never while all run; raises MissingInput when one ends by itself."""
    while all(process.poll() is None for process in processes):
        time.sleep(1)
    raise MissingInput(f"the server or the worker ended by itself: see the logs in {home}")


if __name__ == "__main__":
    sys.exit(main())
