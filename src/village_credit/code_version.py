"""What this program is: its package's version, a hash of its code, and the formats that it writes."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from village_credit import __version__
from village_credit.errors import MissingInput

# What is stored, with the number of the form that this code writes; docs/develop/versions.md says which
# code reads which. A form of no number is 0: it was written before there were numbers.
FORMATS = {
    "ledger": 2,
    "volume": 1,
    "run": 1,
    "warehouse": 1,
    "package": 1,
    "approval": 1,
    "keys": 2,
    "sealed": 1,
    "export": 1,
    "disclosure": 1,
    "sealing": 1,
}


def version_text() -> str:
    """Say what this program is: its package, its code whatever the commit, and the forms that it writes."""
    formats = ", ".join(f"{name} {number}" for name, number in FORMATS.items())
    return f"village-credit {__version__}, code {code_sha256()[:12]}, formats: {formats}"


def require_known(name: str, number: int, where: str) -> None:
    """Raise MissingInput where something stored is of a later form than this code reads."""
    if number > FORMATS[name]:
        raise MissingInput(
            f"{where} is of {name} format {number}, and this code reads up to {FORMATS[name]}: use the version that "
            f"wrote it (`village-credit --version` says the formats)"
        )


@cache
def code_sha256() -> str:
    """Hash the program itself: another version of the code is another run."""
    digest = hashlib.sha256()
    for package in ("data_contracts", "village_credit"):
        for path, content in sorted(_code_files(resources.files(package), package)):
            digest.update(path.encode("utf-8") + b"\0" + content + b"\0")
    return digest.hexdigest()


def _code_files(folder: Traversable, name: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for item in folder.iterdir():
        if item.is_dir() and item.name not in {"__pycache__", "_models", "published", "counties"}:
            found.extend(_code_files(item, f"{name}/{item.name}"))
        elif item.name.endswith((".py", ".sql", ".csv", ".toml", ".html", ".css", ".js")):
            found.append((f"{name}/{item.name}", item.read_bytes()))
    return found
