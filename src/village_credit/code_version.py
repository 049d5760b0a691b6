"""What this program is: its package's version, a hash of its code, and the formats that it writes."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable


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
        elif item.name.endswith((".py", ".sql", ".csv", ".toml")):
            found.append((f"{name}/{item.name}", item.read_bytes()))
    return found
