"""The lock is read: each package with version, hashes and where it is needed, and for which part of the product.

Parts are the product itself (`core`), each extra, and `dev`. What a part needs is followed through the metadata of what
is installed; a requirement of another platform or Python counts too, for the lock is for all of them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from itertools import product
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CORE = "core"
PLATFORMS = ({"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"},
             {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"},
             {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"})  # fmt: skip
PYTHONS = ("3.11.2", "3.12.0", "3.14.0")
WHERE = [place | {"python_full_version": full, "python_version": full.rsplit(".", 1)[0]}
         for place, full in product(PLATFORMS, PYTHONS)]  # fmt: skip
ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))? \\$")
HASH = re.compile(r"^    --hash=sha256:(?P<digest>[0-9a-f]{64})(?: \\)?$")
DECLARED = re.compile(r'^  "(?P<requirement>[^"]+)",(?:\s*# (?P<reason>\S.*))?$')
Group = tuple[str, frozenset[str]]


@dataclass(frozen=True)
class Locked:
    """One entry: a package in one version, for the machines that its marker names (None: for all)."""

    name: str
    version: str
    marker: str | None
    hashes: tuple[str, ...]


def read_lock(text: str) -> list[Locked]:
    """Read the lock; raises ValueError for a line that is neither a pinned package nor a hash."""
    entries: list[Locked] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if found := ENTRY.match(line):
            entries.append(Locked(canonicalize_name(found["name"]), found["version"], found["marker"], ()))
        elif (found := HASH.match(line)) and entries:
            last = entries[-1]
            entries[-1] = Locked(last.name, last.version, last.marker, (*last.hashes, found["digest"]))
        else:
            raise ValueError(f"line {number} of the lock is neither a pinned package nor its hash: {line.strip()}")
    return entries


def declared(text: str) -> dict[str, dict[str, str]]:
    """Return what pyproject.toml asks for, by part: each requirement with the reason beside it, empty without one."""
    said = tomllib.loads(text)
    parts = {CORE: said["project"]["dependencies"], **said["project"]["optional-dependencies"]}
    reasons = {found["requirement"]: found["reason"] or "" for found in map(DECLARED.match, text.splitlines()) if found}
    return {
        part: {requirement: reasons.get(requirement, "") for requirement in asked}
        for part, asked in (parts | said["dependency-groups"]).items()
    }


def installed(folder: Path | None = None) -> dict[str, Distribution]:
    """Return what is installed (in a folder of packages, else beside this interpreter) by canonical name."""
    found = distributions() if folder is None else distributions(path=[str(folder)])
    return {canonicalize_name(one.metadata["Name"]): one for one in found}


def needed(part: Iterable[str], there: dict[str, Distribution]) -> dict[str, str]:
    """Return every package that a part's requirements lead to, each with what asks for it; "" for the part itself."""
    waiting = [(Requirement(text), "") for text in part]
    asked: set[tuple[str, str]] = set()
    found: dict[str, str] = {}
    while waiting:
        requirement, by = waiting.pop()
        name = canonicalize_name(requirement.name)
        found.setdefault(name, by)
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) not in asked:
                asked.add((name, extra))
                waiting += [(one, name) for one in _requirements(there.get(name), extra)]
    return found


def _requirements(package: Distribution | None, extra: str) -> Iterator[Requirement]:
    """Return what a package asks for with one of its extras, on any machine that the lock is for."""
    for text in (package.requires if package else None) or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None:
            if not extra:
                yield requirement
        elif _may_hold(str(marker), extra):
            yield requirement


@cache
def _may_hold(marker: str, extra: str) -> bool:
    """Tell whether a marker holds on any machine that the lock is for."""
    read = Marker(marker)
    return any(read.evaluate({"extra": extra, **where}) for where in WHERE)


def parts_of(project: str, there: dict[str, Distribution]) -> dict[str, dict[str, str]]:
    """Return for each part of the product the packages that it needs, each with what asks for it."""
    return {part: needed(asked, there) for part, asked in declared(project).items()}
