"""What a change costs: a county scored again under another policy, with one other file, and for another day.

Each as a share of the whole path (read, score, sign, publish, pack) from scratch in the same process, and each checked
against a scoring that remembers nothing: the same run id, the same hash of every table. A changed policy may cost a
quarter at most.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish
from village_credit.services.rules import Request
from village_credit.services.scoring import stage
from village_credit.store import runs
from village_credit.store.keys import load_keys
from village_credit.store.store import Store, open_store
from village_credit.synthetic import synthesize

COUNTY, AS_OF, MODELS = "659900", date(2026, 11, 1), Path("models")
MB, MOST = "VILLAGE_CREDIT_MEMO_MB", 0.25


def main() -> int:
    """Measure and print one table; 1 where a changed policy costs too much or something comes out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=20_000)
    households = parser.parse_args().households
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        synthesize(folder / "inbox", COUNTY, max(1, households // 300), households, 7, AS_OF, "typical")
        shares, same = _measured(folder)
    print(f"synthetic county of {households:,} households; shares of the whole path's CPU")
    for what, share in shares.items():
        print(f"  {what:<44}{share:>7.1%}")
    print(f"  every run the same as from scratch: {'yes' if same else 'NO'}")
    return 0 if same and shares["another policy"] <= MOST else 1


def _measured(folder: Path) -> tuple[dict[str, float], bool]:
    """Return the share of each scoring, and whether all came out as from scratch."""
    policy = folder / "policy.toml"
    policy.write_text((MODELS / "limit_policy.toml").read_text("utf-8") + "\n# changed\n", "utf-8")
    os.environ[MB] = "0"
    scratch = _store(folder, "scratch")
    whole, _ = _timed(lambda: _whole_path(scratch, folder))
    os.environ[MB] = "100000"
    store = _store(folder, "memos")
    seconds: dict[str, float] = {}
    seconds["the first scoring, memos kept"], _ = _timed(lambda: _scored(store, folder))
    made = []
    for what, wish in (
        ("another policy", {"policy_file": policy}),
        ("another day", {"as_of": AS_OF + timedelta(days=1)}),
        ("one file another (the largest)", {}),
    ):
        if not wish:
            _change_a_file(folder / "inbox")
        seconds[what], run_id = _timed(lambda wish=wish: _scored(store, folder, **wish))  # type: ignore[misc]
        made.append((run_id, _tables(store, run_id), _from_scratch(folder, what, wish)))
    same = all((run_id, tables) == anew for run_id, tables, anew in made)
    return {what: spent / whole for what, spent in seconds.items()}, same


def _from_scratch(folder: Path, what: str, wish: dict[str, Any]) -> tuple[str, dict[str, str]]:
    os.environ[MB] = "0"
    store = _store(folder, f"scratch {what}")
    run_id = _scored(store, folder, **wish)
    os.environ[MB] = "100000"
    return run_id, _tables(store, run_id)


def _store(folder: Path, name: str) -> Store:
    return open_store(folder / name, load_keys(folder / "keys")[0])


def _scored(store: Store, folder: Path, **wish: Any) -> str:
    wish = {"as_of": AS_OF, "by": "1001", "models": MODELS, **wish}
    return stage.score_inbox(store, folder / "inbox", Request(COUNTY, **wish)).run_id


def _whole_path(store: Store, folder: Path) -> str:
    run_id = _scored(store, folder)
    sign.approve(store, run_id, "2002", "bench", runs.failed_gates(store, run_id))
    publish.publish(store, run_id, "1001")
    return run_id


def _tables(store: Store, run_id: str) -> dict[str, str]:
    return {name: table["sha256"] for name, table in store.manifest(run_id)["tables"].items()}


def _change_a_file(inbox: Path) -> None:
    """Take the last line out of the largest text."""
    path = max(inbox.rglob("*.txt"), key=lambda each: each.stat().st_size)
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:-2], lines[-1]]))


def _timed(act: Callable[[], str]) -> tuple[float, str]:
    begun = time.process_time()
    found = act()
    return time.process_time() - begun, found


if __name__ == "__main__":
    sys.exit(main())
