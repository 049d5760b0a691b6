"""The ledger: each entry created once and chained; of two writers one wins; a broken chain is told."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from village_credit.errors import RunConflict, VerificationFailed
from village_credit.ledger.log import append, read_ledger
from village_credit.ledger.publications import in_force


def publish(folder: Path, number: int, county: str = "659900", product: str | None = None) -> None:
    append(
        folder,
        "publish",
        "x",
        f"r{number}",
        {"publication_id": f"p{number}", "county_code": county, "product": product, "as_of": "2026-11-01"},
    )


def test_many_writers_make_one_unbroken_chain(tmp_path: Path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: append(tmp_path, "stage", f"w{n}", f"r{n}", {}), range(40)))
    entries = read_ledger(tmp_path)
    assert [entry.number for entry in entries] == list(range(1, 41))
    assert sorted(entry.run_id for entry in entries) == sorted(f"r{n}" for n in range(40))


def test_of_two_publishers_of_a_county_exactly_one_wins(tmp_path: Path):
    def only_once(entries) -> None:
        if entries:
            raise RunConflict("somebody was first")

    def attempt(number: int) -> str:
        try:
            append(tmp_path, "publish", "x", f"r{number}", {}, only_once)
        except RunConflict:
            return "lost"
        return "won"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(16)))
    assert outcomes.count("won") == 1
    assert len(read_ledger(tmp_path)) == 1


@pytest.mark.parametrize("change", ["by", "previous"])
def test_a_changed_entry_breaks_the_chain_there(tmp_path: Path, change: str):
    for number in range(3):
        append(tmp_path, "stage", "x", f"r{number}", {})
    path = tmp_path / "00000002.json"
    path.chmod(0o600)
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), change: "y"}), encoding="utf-8")
    with pytest.raises(VerificationFailed, match="broken"):
        read_ledger(tmp_path)


def test_a_missing_entry_breaks_the_chain(tmp_path: Path):
    for number in range(3):
        append(tmp_path, "stage", "x", f"r{number}", {})
    (tmp_path / "00000002.json").unlink()
    with pytest.raises(VerificationFailed):
        read_ledger(tmp_path)


def test_a_product_s_publication_stands_beside_the_county_s_until_the_next_whole_one(tmp_path: Path):
    publish(tmp_path, 1)
    publish(tmp_path, 2, product="trader_loan")
    publish(tmp_path, 3, county="653199")
    assert [p.publication_id for p in in_force(read_ledger(tmp_path))] == ["p1", "p2", "p3"]
    publish(tmp_path, 4)
    assert [p.publication_id for p in in_force(read_ledger(tmp_path))] == ["p3", "p4"]
