"""The second question: a small county of which one list of debts or listings is damaged grants nobody more.

Damage may lower a limit, hold it, or send its household to a person; where it raises one, a gate that fails names it.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS
from tests.fuzz.damage import ANYWHERE
from village_credit.decide.decide import HUMAN_INPUTS, decide
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.inbox import pull, reading_order
from village_credit.features.build import build_features
from village_credit.ingest.county import take_in
from village_credit.intake import Intake
from village_credit.ledger.lines_in_force import BEFORE
from village_credit.policy.model import PolicyInForce, load_policy
from village_credit.score.apply import score
from village_credit.score.scorecard import read_scorecard
from village_credit.synthetic import synthesize
from village_credit.tables.delivery_gates import adverse_rows

ADVERSE_FILES = ("存量授信", "还款记录", "已授信", "负面清单", "关系人", "异议登记")
CELLS = (
    "",
    "�",
    "#REF!",
    "9999-12-31",
    "长期",
    "-7",
    "12月",
    "三万多",
    "年 月 日",
    "“",
    '"',
    "甲,乙",
    "=1+1",
    "０",
    "是否",
)
SEEDS, HOUSEHOLDS = (3, 7, 11), 120


@dataclass
class Raised:
    """One damaged county: what was done, and each household that is granted more without a gate that fails."""

    index: int
    how: str
    households: list[str] = field(default_factory=list)
    is_named: bool = False


def damaged_county(seed: int, index: int) -> Raised:
    """Damage one adverse list of a small county, and compare what is granted; the same numbers give the same damage."""
    chance = random.Random(f"county/{seed}/{index}")
    county = chance.choice(SEEDS)
    files = dict(whole_county(county))
    name = chance.choice([name for name in files if any(word in name for word in ADVERSE_FILES)])
    change = chance.choice((_cells, _cells, _cells, _headers, _bytes))
    files[name], done = change(chance, files[name])
    found = Raised(index, f"{change.__name__.strip('_')} of {Path(name).stem}: {done}")
    intake = taken(files)
    before, after = granted(county), _limits(intake)
    found.households = sorted(unit for unit, limit in after.items() if limit > before.get(unit, 0))
    found.is_named = adverse_rows(intake, policy()).verdict == "fail"
    return found


def _cells(chance: random.Random, content: bytes) -> tuple[bytes, str]:
    """Put hostile cells into some rows."""
    lines = content.decode("utf-8-sig").splitlines()
    done = []
    for _ in range(chance.choice((1, 3, 10))):
        if len(lines) < 2:
            break
        row = chance.randrange(1, len(lines))
        cells = lines[row].split(",")
        place, cell = chance.randrange(len(cells)), chance.choice(CELLS)
        cells[place] = cell
        lines[row] = ",".join(cells)
        done.append(f"{row}/{place} {cell!r}")
    return "\r\n".join([*lines, ""]).encode("utf-8-sig"), "; ".join(done)


def _headers(chance: random.Random, content: bytes) -> tuple[bytes, str]:
    """Say a header twice, or another word."""
    head, *lines = content.decode("utf-8-sig").splitlines()
    names = head.split(",")
    place, other = chance.randrange(len(names)), chance.choice((*names, "其他", ""))
    names[place] = other
    return "\r\n".join([",".join(names), *lines, ""]).encode("utf-8-sig"), f"{place} is {other!r}"


def _bytes(chance: random.Random, content: bytes) -> tuple[bytes, str]:
    """Damage the file's bytes anyhow."""
    change = chance.choice(ANYWHERE)
    return change(chance, content), change.__name__.strip("_")


@cache
def whole_county(seed: int) -> tuple[tuple[str, bytes], ...]:
    with tempfile.TemporaryDirectory() as folder:
        synthesize(Path(folder) / "inbox", COUNTY_OF_TESTS, 2, HOUSEHOLDS, seed, AS_OF, "none")
        return tuple((file.file_name, file.content) for file in pull(Path(folder) / "inbox", COUNTY_OF_TESTS))


@cache
def granted(seed: int) -> dict[str, int]:
    """What each household of the undamaged county is granted, whole yuan."""
    return _limits(taken(dict(whole_county(seed))))


def taken(files: dict[str, bytes]) -> Intake:
    names = sorted(files, key=reading_order)
    delivered = [DeliveredFile(name, files[name], hashlib.sha256(files[name]).hexdigest()) for name in names]
    return take_in(delivered, AS_OF, COUNTY_OF_TESTS)


@cache
def policy(day: date = AS_OF) -> PolicyInForce:
    return load_policy((MODELS / "limit_policy.toml").read_text(encoding="utf-8")).in_force(day, COUNTY_OF_TESTS)


@cache
def _scorer() -> Callable[[dict[str, pa.Table]], pa.Table]:
    card = read_scorecard((MODELS / "synthetic-2026.1.scorecard.json").read_text(encoding="utf-8"))
    return lambda facts: score(build_features(facts, AS_OF), card).scores


def _limits(intake: Intake) -> dict[str, int]:
    in_force = [("unit_code", pa.string()), *((f.name, f.type) for f in BEFORE if f.name != "household_key")]
    facts: dict[str, Any] = {**intake.facts, "in_force": pa.schema(in_force).empty_table()}
    facts |= {name: schema.empty_table() for name, schema in HUMAN_INPUTS.items()}
    rows = decide(facts, _scorer(), policy(), AS_OF).decisions.to_pylist()
    return {row["unit_code"]: row["limit_yuan"] if row["decision"] == "granted" else 0 for row in rows}
