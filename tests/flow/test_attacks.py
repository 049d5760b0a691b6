"""Whoever can write in a store and has no key: what a branch's package tells finds each attack, and none looks whole.

VILLAGE_CREDIT_ATTACKS=n tries so many, of a fixed seed; a sample of them is in the suite.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SIGNER, Scored, by_unit, copy_of
from tests.flow.test_receipts import view
from village_credit.errors import VerificationFailed
from village_credit.services.casework import holds
from village_credit.services.queries.anchors import verify_ledger
from village_credit.signatures import canonical_json
from village_credit.store.store import Store, sha256_of

ATTACKS = int(os.environ.get("VILLAGE_CREDIT_ATTACKS", "33"))
FIELDS = ("by", "at", "run_id", "act")
ROOMS = ("ledger", "approvals")


@dataclass
class Kept:
    """A store with a history, the package of its last act that a branch keeps, and another bank's ledger."""

    store: Store
    package: Path
    whole: Path  # what the store was, to be put back after each attack
    foreign: Path


@pytest.fixture(scope="module")
def kept(quiet: Scored, delivery: Scored, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("attacked")
    store = copy_of(quiet, folder).store
    keys = [key for (key,) in view(store, "SELECT household_key FROM limits_current WHERE limit_yuan > 0")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)
        for key in by_unit(store, quiet.run.run_id, keys)[:3]:
            holds.hold(store, key, SIGNER, "complaint")
            told = holds.release(store, key, SIGNER, "settled")
    package = Path(shutil.copytree(told.packages[0], folder / "kept" / Path(told.packages[0]).name))
    for room in ROOMS:
        shutil.copytree(store.root / room, folder / "whole" / room)
    store.warehouse.unlink(missing_ok=True)  # derived: no witness
    return Kept(store, package, folder / "whole", delivery.store.root)


def read(kept: Kept) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((kept.store.root / "ledger").glob("*.json"))]


def write(kept: Kept, acts: list[dict[str, Any]]) -> None:
    """Number and chain acts as the program does, which everybody can read; nobody can sign them."""
    folder, previous = kept.store.root / "ledger", "0" * 64
    shutil.rmtree(folder)
    folder.mkdir()
    for number, act in enumerate(acts, start=1):
        text = json.dumps(act | {"number": number, "previous": previous}, ensure_ascii=False, sort_keys=True, indent=1)
        (folder / f"{number:08d}.json").write_text(text, encoding="utf-8")
        previous = sha256_of(text.encode("utf-8"))


def cut_off(kept: Kept, chance: random.Random) -> None:
    acts = read(kept)
    for path in sorted((kept.store.root / "ledger").glob("*.json"))[chance.randrange(1, len(acts)) :]:
        path.unlink()


def rolled_back(kept: Kept, chance: random.Random) -> None:
    """As a backup would have it: the approvals of later acts are not there either."""
    cut_off(kept, chance)
    left = {act["run_id"] for act in read(kept) if act["act"] == "approve"}
    for path in (kept.store.root / "approvals").glob("*.json"):
        if path.stem not in left:
            path.unlink()


def edited(kept: Kept, chance: random.Random) -> None:
    acts = read(kept)
    act, field = chance.choice(acts), chance.choice((*FIELDS, "reason", "signature"))
    if field in FIELDS:
        act[field] = f"{act[field]}1" if field != "at" else "2020-01-01T00:00:00+00:00"
    else:
        act["details"][field] = "other"
    write(kept, acts)


def edited_and_not_chained(kept: Kept, chance: random.Random) -> None:
    path = chance.choice(sorted((kept.store.root / "ledger").glob("*.json")))
    path.chmod(0o644)
    path.write_text(path.read_text(encoding="utf-8").replace('"by": "', '"by": "9'), encoding="utf-8")


def reordered(kept: Kept, chance: random.Random) -> None:
    acts = read(kept)
    one, other = sorted(chance.sample(range(len(acts)), 2))
    acts[one], acts[other] = acts[other], acts[one]
    write(kept, acts)


def put_in(kept: Kept, chance: random.Random) -> None:
    acts = read(kept)
    acts.insert(chance.randrange(len(acts)), dict(chance.choice(acts)))
    write(kept, acts)


def put_behind(kept: Kept, chance: random.Random) -> None:
    """An act that frees somebody, after all others: nothing that a package tells of is changed."""
    acts = read(kept)
    freed = next(act for act in reversed(acts) if act["act"] == "release")
    write(kept, [*acts, freed | {"by": chance.choice(("9", SIGNER)), "details": dict(freed["details"])}])


def taken_out(kept: Kept, chance: random.Random) -> None:
    acts = read(kept)
    del acts[chance.randrange(len(acts) - 1)]
    write(kept, acts)


def swapped(kept: Kept, _: random.Random) -> None:
    for room in ROOMS:
        shutil.rmtree(kept.store.root / room)
        shutil.copytree(kept.foreign / room, kept.store.root / room)


def approval_forged(kept: Kept, chance: random.Random) -> None:
    path = next((kept.store.root / "approvals").glob("*.json"))
    said = json.loads(path.read_bytes())
    field = chance.choice(("by", "reason", "manifest_sha256", "signature", "run_id"))
    said[field] = said[field][:-2] + chance.choice(("00", "9A"))
    path.write_bytes(canonical_json(said))


def approval_gone(kept: Kept, _: random.Random) -> None:
    next((kept.store.root / "approvals").glob("*.json")).unlink()


KINDS: tuple[Callable[[Kept, random.Random], None], ...] = (
    cut_off, rolled_back, edited, edited_and_not_chained, reordered, put_in, put_behind, taken_out, swapped,
    approval_forged, approval_gone,
)  # fmt: skip


def put_back(kept: Kept) -> None:
    for room in ROOMS:
        shutil.rmtree(kept.store.root / room)
        shutil.copytree(kept.whole / room, kept.store.root / room)


def found_by(kept: Kept, packages: list[Path]) -> bool:
    """Whether the verification refuses; without a witness it may pass, but never as anchored."""
    try:
        told = verify_ledger(kept.store, packages)
    except VerificationFailed:
        return True
    assert packages or told.anchored_to is None
    return False


def test_each_attack_is_found_with_a_package_at_hand_and_none_is_called_whole_without(kept: Kept):
    before = [act["act"] for act in read(kept)]
    assert before == ["stage", "approve", "publish", *["hold", "release"] * 3]
    assert not found_by(kept, [kept.package])
    missed, alone = [], 0
    for number in range(ATTACKS):
        attack = KINDS[number % len(KINDS)]
        attack(kept, random.Random(number))
        if not found_by(kept, [kept.package]):
            missed.append((number, attack.__name__))
        alone += found_by(kept, [])
        put_back(kept)
    assert missed == []
    assert alone >= ATTACKS * 7 // 10  # all but what was cut off at the end is found without any witness
    assert not found_by(kept, [kept.package])
