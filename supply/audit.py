"""The lock is compared with what is known against its packages: vulnerabilities, and versions that were taken back.

`python -m supply.audit LOCK`: exit 1 for a finding, and where a single package could not be asked about, for nobody's
answer is no all-clear. It needs the network (PyPI), so it is no part of CI.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from supply.lock import Locked, read_lock

YANKED = "yanked version"  # as pip warns
TOLD = 10


def vulnerabilities(lock: Path) -> list[str]:
    """Say what is known against the packages of a lock, and of how many nothing could be learnt."""
    entries = read_lock(lock.read_text(encoding="utf-8"))
    said: list[dict[str, Any]] = []
    for pins in once_each(entries):
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write("".join(f"{name}=={version}\n" for name, version in pins.items()))
            file.flush()
            answer = _asked(file.name)
        if isinstance(answer, str):
            return [f"nothing is known of any package: {answer}"]
        said += answer
    return told(said, {(entry.name, entry.version) for entry in entries})


def once_each(entries: list[Locked]) -> list[dict[str, str]]:
    """Share pins out so that none has a package twice: whatever machine they are for, they are asked about."""
    shared: list[dict[str, str]] = []
    for entry in entries:
        free = next((pins for pins in shared if entry.name not in pins), None)
        if free is None:
            shared.append(free := {})
        free[entry.name] = entry.version
    return shared


def _asked(requirements: str) -> list[dict[str, Any]] | str:
    """Return pip-audit's answer, or why there is none."""
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off"]
    options = ["--no-deps", "--disable-pip", "--format", "json", "--requirement", requirements]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)  # noqa: S603  # ours
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError):
        return _last_line(done.stderr)


def told(said: list[dict[str, Any]], locked: set[tuple[str, str]]) -> list[str]:
    """Read pip-audit's answer: every vulnerability, then how many packages nobody answered for.

    pip-audit itself calls a lock clean of which it could ask about no package.
    """
    found = [
        f"{package['name']} {package['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'none'}"
        for package in said
        for one in package.get("vulns", ())
    ]
    answered = {(canonicalize_name(one["name"]), one["version"]) for one in said if "skip_reason" not in one}
    silent = sorted(f"{name} {version}" for name, version in locked - answered)
    if silent:
        more = ", …" if len(silent) > TOLD else ""
        found.append(f"nobody answered for {len(silent)} of {len(locked)} packages: {', '.join(silent[:TOLD])}{more}")
    return found


def taken_back(lock: Path) -> Iterator[str]:
    """Name versions that their makers took back, as the index says it to pip; nothing is installed."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"]
    options = ["--disable-pip-version-check", "--require-hashes", "--requirement", str(lock)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)  # noqa: S603  # ours
    if done.returncode:
        yield f"not known what was taken back: {_last_line(done.stderr)}"
    yield from (line.strip() for line in done.stderr.splitlines() if YANKED in line)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no answer"])[-1][:300]


def main(lock: str) -> int:
    """Print what was found, or that everything was asked about and nothing is known."""
    found = [*vulnerabilities(Path(lock)), *taken_back(Path(lock))]
    more = [f"and {len(found) - TOLD} more"] if len(found) > TOLD else []
    print(
        "\n".join([*found[:TOLD], *more]) or f"{lock}: every package was asked about, and nothing is known against it"
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
