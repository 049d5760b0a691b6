"""`make` asks the interpreter's version before anything is set up, and notes which one made the environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

PRETENDS = """#!/bin/sh
exec {python} -c "import sys; sys.version_info = (3, 9, 0); sys.version = '3.9.0 (old)'; exec(sys.argv[1])" "$2"
"""


def make(folder: Path, target: str, python: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-C", str(folder), target, f"PYTHON={python}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def checkout(folder: Path) -> Path:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_an_interpreter_that_is_too_old_is_told_first_and_makes_nothing(tmp_path: Path):
    old = tmp_path / "old"
    old.write_text(PRETENDS.format(python=sys.executable), encoding="utf-8")
    old.chmod(0o755)
    done = make(checkout(tmp_path), "run", str(old))
    assert done.returncode
    assert "is Python 3.9.0, and this needs 3.11 or later" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_environment_is_made_anew_when_another_interpreter_is_asked_for(tmp_path: Path):
    made_by = checkout(tmp_path) / ".venv" / ".made-by"
    made_by.parent.mkdir()
    made_by.write_text("another interpreter\n", encoding="utf-8")
    assert make(tmp_path, ".venv/.made-by", sys.executable).returncode == 0
    noted = made_by.read_text(encoding="utf-8"), made_by.stat().st_mtime_ns
    assert sys.version in noted[0].replace("\\n", "\n")
    assert make(tmp_path, ".venv/.made-by", sys.executable).returncode == 0
    assert (made_by.read_text(encoding="utf-8"), made_by.stat().st_mtime_ns) == noted


def test_an_activated_environment_is_the_one_that_its_interpreter_made(tmp_path: Path):
    """Whoever activated it types `make` with its python3, a link to the one that made it."""
    made_by = checkout(tmp_path) / ".venv" / ".made-by"
    made_by.parent.mkdir()
    assert make(tmp_path, ".venv/.made-by", sys.executable).returncode == 0
    noted = made_by.read_text(encoding="utf-8"), made_by.stat().st_mtime_ns
    activated = tmp_path / ".venv" / "bin" / "python3"
    activated.parent.mkdir()
    activated.symlink_to(sys.executable)
    assert make(tmp_path, ".venv/.made-by", str(activated)).returncode == 0
    assert (made_by.read_text(encoding="utf-8"), made_by.stat().st_mtime_ns) == noted
