"""The synthetic county: the same bytes for the same arguments, invented people only, and everything that must occur."""

from __future__ import annotations

import csv
import hashlib
import re
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from data_contracts.registry import INCOMING
from village_credit.extract.grid import Extract
from village_credit.extract.inbox import pull
from village_credit.extract.read import read_files
from village_credit.synthetic import synthesize
from village_credit.synthetic.identities import credit_code, has_valid_check

AS_OF = date(2026, 11, 1)


def made(folder: Path, seed: int = 3, damage: str = "none", households: int = 300, history: bool = False) -> Path:
    synthesize(folder / "inbox", "659900", 4, households, seed, AS_OF, damage, history)
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.mark.parametrize("damage", ["none", "typical", "hostile"])
def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(tmp_path: Path, damage: str):
    first, second, other = (
        digests(made(tmp_path / name, seed, damage)) for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    assert first == second
    assert first != other


def test_every_person_is_invented(tmp_path: Path):
    persons = pq.read_table(made(tmp_path) / "truth" / "659900" / "persons.parquet")
    numbers = persons.column("id_number").to_pylist()
    assert len(set(numbers)) == len(numbers) > 900
    assert all(number.startswith("659900") and has_valid_check(number) for number in numbers)
    assert all(phone.startswith("100") and len(phone) == 11 for phone in persons.column("phone").to_pylist())


def test_every_contract_is_delivered_and_recognised(tmp_path: Path):
    """What comes back from branches and the core system comes after a publication, not with the first delivery."""
    owed = {name for name, contract in INCOMING.items() if contract.__module__ != "data_contracts.returns"}
    tables = list(read_files(pull(made(tmp_path) / "inbox", "659900")))
    assert all(isinstance(table, Extract) for table in tables)
    assert {table.contract for table in tables} == owed


def test_damage_is_written_down_and_hostile_is_far_beyond_typical(tmp_path: Path):
    counts = {}
    for damage in ("none", "typical", "hostile"):
        path = made(tmp_path / damage, damage=damage) / "truth" / "659900" / "damaged_lines.csv"
        with path.open(encoding="utf-8", newline="") as file:
            counts[damage] = sum(
                row["what"] != "id as number" for row in csv.DictReader(file)
            )  # one whole workbook, at any level
    assert counts["none"] == 0 < counts["typical"]
    assert counts["hostile"] > 5 * counts["typical"]


def test_history_holds_three_earlier_years_and_what_followed(tmp_path: Path):
    folder = made(tmp_path, households=2000, history=True) / "history"
    assert sorted(path.name for path in folder.iterdir()) == ["2023-11-01", "2024-11-01", "2025-11-01"]
    bad = drawn = 0
    for path in folder.glob("*/outcome/659900/**/*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                drawn += 1
                bad += int(row["最大逾期天数"]) > 90
    assert drawn > 1500
    assert 0.02 < bad / drawn < 0.08


def test_a_county_of_one_household_is_a_county(tmp_path: Path):
    synthesize(tmp_path / "inbox", "653199", 1, 1, 1, AS_OF)
    assert (tmp_path / "inbox" / "653199").is_dir()


def test_credit_codes_have_the_standard_s_form():
    assert all(re.fullmatch(r"92659900[0-9A-Z]{10}", credit_code("659900", number)) for number in range(50))
