"""Every tracked file is searched for keys, tokens and people's ID numbers; what is known is listed, with its reason.

`python -m supply.secrets`: exit 1 for a finding that nobody explained, for an explanation of nothing, and where the
rules miss what was planted for them. No network: nothing is asked whether it works.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from detect_secrets import SecretsCollection
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.settings import transient_settings

from supply.resident_ids import KIND, numbers_in

ROOT = Path(__file__).resolve().parents[1]
KNOWN = ROOT / "supply" / "secrets.toml"
# The library's own, but for the one that asks a service whether a token works, and those that guess by names.
FILTERS = ("is_sequential_string", "is_potential_uuid", "is_templated_secret", "is_not_alphanumeric_string")
LIMITS = {"Base64HighEntropyString": 4.5, "HexHighEntropyString": 3.0}  # bits a character: the library's own
Found = dict[tuple[str, str], str]


def settings() -> dict[str, Any]:
    """Return every rule of the library, with filters that need no network."""
    names = sorted(cls.__name__ for cls in get_mapping_from_secret_type_to_class().values())
    return {
        "plugins_used": [{"name": name} | ({"limit": LIMITS[name]} if name in LIMITS else {}) for name in names],
        "filters_used": [{"path": f"detect_secrets.filters.heuristic.{name}"} for name in FILTERS],
    }


def tracked() -> list[str]:
    """Name the files of the repository."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603  # git
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def search(files: Sequence[str], root: Path = ROOT) -> Found:
    """Return what was found by file and hash: its kind and line; the secret itself is told nowhere."""
    with transient_settings(settings()):
        found = SecretsCollection(root=str(root))
        found.scan_files(*files)
    told = {(path, one.secret_hash): f"{one.type}, line {one.line_number}" for path, one in found}
    return told | dict(each for name in files for each in _numbers(root, name))


def _numbers(root: Path, name: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Find ID numbers, which the library would pass over where they have no letter; bytes of no text hold none."""
    lines = (root / name).read_bytes().decode("utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        for found in numbers_in(line):
            yield (name, PotentialSecret.hash_secret(found)), f"{KIND}, line {number}"


def missed(planted: Iterable[dict[str, str]]) -> Iterator[str]:
    """Name the rules that do not find what was planted for them."""
    with tempfile.TemporaryDirectory() as folder:
        for number, example in enumerate(planted):
            name = f"planted{number}{example['suffix']}"
            Path(folder, name).write_text("".join(example["pieces"]), encoding="utf-8")
            kinds = {told.split(",")[0] for told in search([name], Path(folder)).values()}
            if example["kind"] not in kinds:
                yield f"{example['kind']} does not find what was planted for it"


def faults() -> Iterator[str]:
    """Name what stands against a commit."""
    said = tomllib.loads(KNOWN.read_text(encoding="utf-8"))
    left_out = tuple(entry["path"] for entry in said["left_out"])
    known = {(entry["path"], digest) for entry in said["known"] for digest in entry["hashes"]}
    found = search([name for name in tracked() if not name.startswith(left_out)])
    for path, digest in sorted(found.keys() - known):
        yield f"{path}: {found[path, digest]} (hash {digest}); take it out, or name it in supply/secrets.toml"
    for path, digest in sorted(known - found.keys()):
        yield f"{path}: {digest} is explained in supply/secrets.toml and no longer there; take the line out"
    for entry in (*said["left_out"], *said["known"]):
        if not entry["reason"].strip() or not (ROOT / entry["path"]).exists():
            yield f"{entry['path']}: supply/secrets.toml gives no reason, or names no file"
    yield from missed(said["planted"])


def main() -> int:
    """Print what was found."""
    told = list(faults())
    print("\n".join(told) or "no secret that nobody explained")
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main())
