"""Each verb killed at each of its steps on the file system: what is left is the state before or after, never between.

`python -m tests.kills --times 300` scores and publishes a synthetic county, and for every verb kills a process at step
after step (a file opened to be written, moved, linked or taken away, a folder made). After each kill another process
must read one whole publication, the same command must end as it should, and the ledger must verify. `--pairs` gives
each command twice at once too, and kills one of the two at a random instant (`--seed`). Outside the suite.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conftest import AS_OF, COUNTY_OF_TESTS, PREPARER, SIGNER, new_store, put_in_force, score_into
from village_credit.cli import main
from village_credit.store import act_files
from village_credit.store.runs import failed_gates
from village_credit.synthetic import synthesize

STEPS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate"}
KILLED, NEXT = 137, date(2026, 11, 20)
FINE = (0, 5)  # done now, or it was done before the kill
Words = list[str]


@dataclass(frozen=True)
class Verb:
    """A command, and the store that it begins from."""

    base: str
    words: str

    @property
    def name(self) -> str:
        return self.words.partition(" -")[0].partition(" {")[0]


VERBS = (
    Verb("published", f"score --inbox {{inbox}} --county {COUNTY_OF_TESTS} --as-of {NEXT} --by {PREPARER}"),
    Verb("staged", f"approve {{second}} --by {SIGNER} --reason test {{overrides}}"),
    Verb("approved", f"publish {{second}} --by {PREPARER}"),
    Verb("published", f"hold {{key}} --by {SIGNER} --reason test"),
    Verb("published", f"opt-out {{key}} --by {SIGNER}"),
    Verb("again", f"rollback --county {COUNTY_OF_TESTS} --to {{first_publication}} --by {SIGNER} --reason test"),
    Verb("published", f"withdraw --county {COUNTY_OF_TESTS} --by {SIGNER} --reason test"),
    Verb("published", f"reseal {{first}} --by {SIGNER} --reason test"),
    Verb("published", f"keys rotate --by {SIGNER} --reason test"),
    Verb("published", f"disclose {{tried}}/leaves.csv --by {SIGNER} --second {PREPARER} --to 统计局 --reason test"),
    Verb("published", f"renew --county {COUNTY_OF_TESTS} --ending-by 2029-12-31 --by {SIGNER} --reason test"),
)


def words_of(verb: Verb, known: dict[str, str]) -> Words:
    return verb.words.format(**known).split()


def forked(act: Callable[[], Any]) -> tuple[int, Any]:
    """Do something in a process of its own; give its exit code, and what it returned."""
    reads, writes = os.pipe()
    if not (pid := os.fork()):
        os.close(reads)
        code, told = 0, None
        try:
            told = act()
        except BaseException as error:  # noqa: BLE001  # whatever ends it is told
            code, told = 98, f"{type(error).__name__}: {error}"
        with os.fdopen(writes, "w", encoding="utf-8") as file:
            json.dump(told, file, default=str)
        os._exit(code)
    os.close(writes)
    with os.fdopen(reads, encoding="utf-8") as file:
        text = file.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), json.loads(text) if text else None


def run(place: Path, words: Words) -> tuple[int, str]:
    """Give a command in this process; its exit code, and what it said."""
    os.environ |= {"VILLAGE_CREDIT_STORE": f"{place}/store", "VILLAGE_CREDIT_KEY_FILE": f"{place}/keys"}
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
    return code, said.getvalue()


def killed(place: Path, words: Words, step: int) -> int:
    """Give a command and end the process without a word before its step of that number; return how many it made."""
    made = 0

    def count(event: str, told: Sequence[Any]) -> None:
        nonlocal made
        if event in STEPS and f"{told[0]}".startswith(f"{place}/") and (event != "open" or _writes(told)):
            made += 1
            if made == step:
                os._exit(KILLED)

    sys.addaudithook(count)
    run(place, words)
    return made


def _writes(told: Sequence[Any]) -> bool:
    return any(letter in f"{told[1]}" for letter in "wxa+") or bool(isinstance(told[2], int) and told[2] & 3)


def state(place: Path) -> list[Any]:
    """What analysts see: lines, their sum, the publications that they are of."""
    import duckdb  # noqa: PLC0415  # the process that forks the others must not have it open

    query = "SELECT count(*), sum(limit_yuan), list_sort(list(DISTINCT publication_id)) FROM limits_current"
    with duckdb.connect(f"{place}/store/warehouse.duckdb", read_only=True) as connection:
        return list(connection.execute(query).fetchone() or ())


def after(place: Path, words: Words) -> dict[str, Any]:
    """What the next commands find and do."""
    found: dict[str, Any] = {"status": run(place, ["status"]), "seen": state(place)}
    found["again"] = run(place, words)
    found["ledger"] = run(place, ["ledger", "verify"])
    return found | {"then": state(place)}


def prepare(place: Path) -> dict[str, str]:
    """Score and publish a county, and keep its store at four moments."""
    synthesize(place / "inbox", COUNTY_OF_TESTS, 8, 240, 7, AS_OF, "none")
    first = score_into(new_store(place / "published"), place / "inbox", COUNTY_OF_TESTS)
    store, known = first.store, {"inbox": f"{place}/inbox", "first": first.run.run_id}
    known["first_publication"] = put_in_force(store, first.run.run_id).publication_id

    def keep(name: str) -> None:
        shutil.copytree(place / "published", place / name)

    (place / "published" / "leaves.csv").write_text("village,households\n659900100201,40\n", encoding="utf-8")
    known["tried"] = f"{place}/tried"
    keep("kept")
    second = score_into(store, place / "inbox", COUNTY_OF_TESTS, date(2026, 11, 10)).run.run_id
    keep("staged")
    overrides = " ".join(f"--override {gate}=test" for gate in failed_gates(store, second))
    known |= {"second": second, "overrides": overrides}
    run(place / "published", words_of(VERBS[1], known))
    keep("approved")
    run(place / "published", words_of(VERBS[2], known))
    keep("again")
    shutil.rmtree(place / "published")
    (place / "kept").rename(place / "published")
    known["key"] = _somebody(place / "published")
    return known


def _somebody(place: Path) -> str:
    import duckdb  # noqa: PLC0415

    query = "SELECT household_key FROM limits_current WHERE limit_yuan > 0 ORDER BY ALL LIMIT 1"
    with duckdb.connect(f"{place}/store/warehouse.duckdb", read_only=True) as connection:
        return str(connection.execute(query).fetchall()[0][0])


def attempt(base: Path, place: Path, words: Words, step: int) -> dict[str, Any]:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(base, place)
    code, made = forked(lambda: killed(place, words, step))
    found_code, found = forked(lambda: after(place, words))
    return {"code": code, "made": made, "ended": found_code, "found": found}


def faults_of(found: dict[str, Any], before: list[Any], done: list[Any]) -> list[str]:
    """Say what does not hold after a kill."""
    if found["ended"]:
        return [f"the next commands ended with {found['ended']}: {found['found']}"]
    told, faults = found["found"], []
    if told["status"][0] or "Traceback" in told["status"][1]:
        faults.append(f"status: {told['status']}")
    if told["seen"] not in (before, done):
        faults.append(f"seen: {told['seen']}, neither {before} nor {done}")
    if told["again"][0] not in FINE or told["ledger"][0]:
        faults.append(f"again: {told['again']}, ledger: {told['ledger']}")
    if told["then"] != done:
        faults.append(f"then: {told['then']}, not {done}")
    return faults


def tried(verb: Verb, folder: Path, known: dict[str, str], times: int) -> int:
    """Kill one verb at steps spread over all that it makes; print and return how often something did not hold."""
    words, base, place = words_of(verb, known), folder / verb.base, folder / "tried"
    whole = attempt(base, place, words, 0)
    steps, done = int(whole["made"] or 0), whole["found"]["then"]
    (_, before) = forked(lambda: (run(base, ["status"]), state(base))[1])
    wanted = sorted({1 + number * steps // times for number in range(min(times, steps))})
    kills, failed = 0, 0
    for step in wanted:
        found = attempt(base, place, words, step)
        kills += found["code"] == KILLED
        if faults := faults_of(found, before, done):
            failed += 1
            print(f"  {verb.name}, step {step} of {steps}: {'; '.join(faults)}"[:900], flush=True)
    print(f"{verb.name:<14}{steps:>6} steps {kills:>6} kills {failed:>6} did not hold", flush=True)
    return failed


def together(place: Path, words: Words, instant: float | None) -> list[int]:
    """Give a command in two processes at once, and kill the first at an instant; how each ended, a kill as -9."""
    pids = []
    for _ in range(2):
        if not (pid := os.fork()):
            os._exit(run(place, words)[0])
        pids.append(pid)
    if instant is not None:
        time.sleep(instant)
        os.kill(pids[0], signal.SIGKILL)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def paired(verb: Verb, folder: Path, known: dict[str, str], times: int, chance: random.Random) -> int:
    """Give one verb twice at once, now and then with a kill; print and return how often something did not hold."""
    words, base, place = words_of(verb, known), folder / verb.base, folder / "tried"
    done = attempt(base, place, words, 0)["found"]["then"]
    (_, before) = forked(lambda: (run(base, ["status"]), state(base))[1])
    shutil.rmtree(place)
    shutil.copytree(base, place)
    begun = time.monotonic()
    forked(lambda: run(place, words))
    lasts, kills, failed = time.monotonic() - begun, 0, 0
    for number in range(times):
        shutil.rmtree(place)
        shutil.copytree(base, place)
        instant = chance.uniform(0, 1.5 * lasts) if number else None
        _, codes = forked(lambda instant=instant: together(place, words, instant))  # type: ignore[misc]
        code, found = forked(lambda: after(place, words))
        kills += codes[0] == -signal.SIGKILL
        faults = faults_of({"ended": code, "found": found}, before, done)
        faults += [f"ended with {each}" for each in codes if each not in (*FINE, -signal.SIGKILL)]
        if faults:
            failed += 1
            print(f"  {verb.name}, twice at once, killed at {instant}: {'; '.join(faults)}"[:900], flush=True)
    print(f"{verb.name:<14}{times:>6} pairs {kills:>6} kills {failed:>6} did not hold", flush=True)
    return failed


def everything() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=300, help="kills in all")
    parser.add_argument("--verbs", nargs="*", default=[verb.name for verb in VERBS])
    parser.add_argument("--pairs", type=int, default=0, help="pairs of processes in all")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    act_files.VOLUME_ACTS, act_files.LATER_ACTS = 2, 1  # so that acts go into volumes while verbs are killed
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        code, known = forked(lambda: prepare(folder))
        if code:
            print(f"no county to begin from: {known}")
            return 1
        chosen = [verb for verb in VERBS if verb.name in asked.verbs]
        chance = random.Random(asked.seed)
        each, pairs = -(-asked.times // len(chosen)), -(-asked.pairs // len(chosen))
        failed = sum(tried(verb, folder, known, each) for verb in chosen) if each else 0
        failed += sum(paired(verb, folder, known, pairs, chance) for verb in chosen) if pairs else 0
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(everything())
