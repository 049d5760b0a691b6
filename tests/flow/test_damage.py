"""What the synthetic county says was damaged, and how, is what the pipeline finds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.conftest import AS_OF
from village_credit.extract.inbox import pull
from village_credit.ingest.county import take_in
from village_credit.intake import Intake
from village_credit.synthetic import synthesize


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Intake]]:
    """A county with each kind of damage, and what was taken in of it."""
    found = {}
    for damage in ("typical", "hostile"):
        folder = tmp_path_factory.mktemp(damage)
        synthesize(folder / "inbox", "659900", 4, 600, 11, AS_OF, damage)
        found[damage] = folder, take_in(pull(folder / "inbox", "659900"), AS_OF, "659900")
    return found


@pytest.mark.parametrize("damage", ["typical", "hostile"])
def test_every_damaged_line_has_the_outcome_that_its_damage_calls_for(taken, damage: str):
    folder, intake = taken[damage]
    places = {source.source_id: (source.file_name, source.sheet) for source in intake.sources}
    found = {
        (*places[row["source_id"]], row["line_number"]): row["outcome"] for row in intake.reconciliation.to_pylist()
    }
    with (folder / "truth" / "659900" / "damaged_lines.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = [(row["file"], row["sheet"], int(row["line_number"])) for row in rows]
    assert len(keys) == len(set(keys)) > 50
    wrong = [
        (key, row["what"], row["expected"], found[key])
        for key, row in zip(keys, rows, strict=True)
        if row["expected"] not in ("any", found[key])
    ]
    assert wrong == []


def test_a_correction_supersedes_the_rows_that_it_mends(taken):
    outcomes = taken["typical"][1].reconciliation.column("outcome").to_pylist()
    assert 0 < outcomes.count("superseded") <= 8
