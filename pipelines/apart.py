"""A county is scored in a process of its own, by the command that a person would give: one that is killed sinks none.

What comes back is the command's JSON, or its own sentence; of anything else only that it happened.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.verdicts import ActFailed, WorldAway
from village_credit.errors import MissingInput, VillageCreditError

SENTENCE = re.compile(r"^village-credit score: (.+)$", re.MULTILINE)
REFUSALS = {kind.exit_code: kind for kind in VillageCreditError.__subclasses__()}


def score_apart(county_code: str, as_of: date, inbox: Path, by: str, *, if_due: bool) -> dict[str, Any]:
    """Score a county's inbox; return what `score --json` prints: a staged run, or why there is none.

    Raises what the command was refused with, WorldAway where its process was killed, ActFailed for anything else.
    """
    asked = ["--inbox", str(inbox), "--county", county_code, "--as-of", as_of.isoformat(), "--by", by, "--json"]
    words = [sys.executable, "-m", "village_credit.cli", "score", *asked, *(["--if-due"] if if_due else [])]
    # UTF-8 whatever the machine speaks; what a traceback quotes may be no text at all, and is dropped anyway
    done = subprocess.run(  # noqa: S603  # our own interpreter and words
        words,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout)
        return found
    raise _verdict(done)


def _verdict(done: subprocess.CompletedProcess[str]) -> Exception:
    """Return why a command ended, without a word of what it may have quoted."""
    if done.returncode < 0:
        return WorldAway(
            f"the scoring's process was killed (signal {-done.returncode}): memory is what to look at first"
        )
    said = SENTENCE.findall(done.stderr)
    if said and done.returncode != 1:
        return REFUSALS.get(done.returncode, MissingInput)(said[-1])
    return ActFailed("nobody foresaw it: give the same `village-credit score` by hand and look at what it says")
