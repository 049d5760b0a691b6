"""What is installed is what the lock says: pinned, hashed, asked for with a reason, and the schedules' part apart."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections import Counter

import pytest

from supply import audit
from supply.lock import CORE, declared, installed, parts_of, read_lock
from tests.conftest import ROOT

PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
LISTED = subprocess.run(["git", "ls-files", "*.lock"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
LOCKS = sorted(ROOT / name for name in LISTED.split())
LOCK = read_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))
OF_SCHEDULES = {"prefect", "fastapi", "sqlalchemy", "uvicorn", "starlette", "httpx", "asyncpg", "aiosqlite"}
# Every package of the environment that the product alone does not need is as if it were not there.
ALONE = """
import importlib, json, pkgutil, sys
from importlib.metadata import packages_distributions
from packaging.utils import canonicalize_name
kept = set({kept!r})
whose = {{top: {{canonicalize_name(name) for name in names}} for top, names in packages_distributions().items()}}
class Absent:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in whose and not whose[top] & kept:
            raise ModuleNotFoundError(f"No module named {{top!r}}", name=top)
loaded = [name for name in sys.modules if name in whose and not whose[name] & kept]
for name in list(sys.modules):
    if name.partition(".")[0] in loaded:
        del sys.modules[name]
sys.meta_path.insert(0, Absent())
import data_contracts, village_credit
lacking = {{}}
for package in (data_contracts, village_credit):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            lacking[module.name] = error.name
print(json.dumps(lacking))
print(json.dumps(sorted(set(sys.modules) & {{"prefect", "fastapi", "sqlalchemy", "xlwt", "shapely"}})))
"""
OF_SHAPES = {("village_credit.shapes", "shapely")}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_locked_package_is_pinned_has_a_hash_and_stands_once(path):
    entries = read_lock(path.read_text(encoding="utf-8"))
    assert entries
    assert [entry.name for entry in entries if not entry.hashes] == []
    counted = Counter((entry.name, entry.marker) for entry in entries)
    assert [name for name, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("line", ["duckdb>=2.0 \\", "    --hash=md5:00", "-e .", "duckdb @ https://example.org/x.whl"])
def test_a_lock_with_anything_else_in_it_is_refused(line: str):
    with pytest.raises(ValueError, match="line 3 of the lock"):
        read_lock(f"a==1 \\\n    --hash=sha256:{'0' * 64}\n{line}\n")


def test_everything_that_is_asked_for_has_its_reason_beside_it():
    asked = declared(PROJECT)
    assert [(part, text) for part, said in asked.items() for text, reason in said.items() if not reason] == []
    assert set(asked) == {CORE, "serve", "synthetic", "shapes", "notebook", "dev"}


def test_every_locked_package_is_needed_by_a_part_and_nothing_needed_is_left_out():
    needed = {name for names in parts_of(PROJECT, installed()).values() for name in names}
    locked = {entry.name for entry in LOCK}
    assert sorted(locked - needed) == []
    assert sorted(needed - locked) == []


def test_what_is_installed_is_what_is_locked():
    there = {name: package.version for name, package in installed().items()}
    locked: dict[str, set[str]] = {}
    for entry in LOCK:
        locked.setdefault(entry.name, set()).add(entry.version)
    assert {name: there[name] for name in locked.keys() & there.keys() if there[name] not in locked[name]} == {}


def test_the_machine_with_the_keys_needs_nothing_of_the_schedules():
    parts = parts_of(PROJECT, installed())
    assert sorted(OF_SCHEDULES & set(parts[CORE])) == []
    assert set(parts["serve"]) >= OF_SCHEDULES
    assert len(parts[CORE]) * 3 < len(parts["serve"])


def test_with_the_product_s_own_packages_alone_every_module_is_there_but_those_of_the_extras():
    parts = parts_of(PROJECT, installed())
    kept = sorted({*parts[CORE], importlib.metadata.metadata("village-credit")["Name"]})
    done = subprocess.run(
        [sys.executable, "-c", ALONE.format(kept=kept)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lacking, loaded = map(json.loads, done.stdout.splitlines())
    assert loaded == []
    rooms = {(".".join(module.split(".")[:2]), why) for module, why in lacking.items()}
    assert rooms == {("village_credit.demo", "xlwt"), ("village_credit.synthetic", "xlwt"), *OF_SHAPES}


def test_an_audit_tells_every_vulnerability_and_takes_silence_for_no_all_clear():
    known = {"id": "PYSEC-1", "fix_versions": ["2.1", "3"]}
    said = [
        {"name": "Pandas_X", "version": "2.0", "vulns": [known, known | {"id": "PYSEC-2", "fix_versions": []}]},
        {"name": "numpy", "version": "1.0", "vulns": []},
        {"name": "xlwt", "skip_reason": "not found"},
    ]
    locked = {("pandas-x", "2.0"), ("numpy", "1.0"), ("xlwt", "1.3"), ("pywin32", "312")}
    assert audit.told(said[:2], {("pandas-x", "2.0"), ("numpy", "1.0")}) == [
        "Pandas_X 2.0: PYSEC-1, mended in 2.1, 3",
        "Pandas_X 2.0: PYSEC-2, mended in none",
    ]
    assert audit.told(said, locked)[-1] == "nobody answered for 2 of 4 packages: pywin32 312, xlwt 1.3"
    assert audit.told([said[1]], {("numpy", "1.0")}) == []


def test_every_version_in_the_lock_is_asked_about_whatever_machine_it_is_for():
    shared = audit.once_each(LOCK)
    assert sorted(pin for pins in shared for pin in pins.items()) == sorted((one.name, one.version) for one in LOCK)
    assert {"pywin32", "async-timeout"} <= set(shared[0])
