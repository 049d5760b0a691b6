"""The lock is compared with what is known against its packages: vulnerabilities, and versions that were taken back.

`python -m supply.audit LOCK`: exit 1 for a finding, and where a single package could not be asked about, for nobody's
answer is no all-clear. It needs the network (PyPI), so it is no part of CI.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

YANKED = "yanked version"  # as pip warns
TOLD = 10


def vulnerabilities(lock: Path) -> Iterator[str]:
    """Name packages with known vulnerabilities, and those that nobody could be asked about.

    pip-audit itself calls a lock clean of which it could ask nobody about any package.
    """
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off"]
    options = ["--no-deps", "--disable-pip", "--format", "json", "--requirement", str(lock)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)  # noqa: S603  # ours
    try:
        said = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        yield f"nothing is known of any package: {_last_line(done.stderr)}"
        return
    yield from (line for package in said for line in _of(package))


def _of(package: dict[str, Any]) -> Iterator[str]:
    if "skip_reason" in package:
        yield f"{package['name']}: {package['skip_reason']}"
    for found in package.get("vulns", ()):
        mended = ", ".join(found["fix_versions"]) or "no version yet"
        yield f"{package['name']} {package['version']}: {found['id']}, mended in {mended}"


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
