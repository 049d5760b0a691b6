"""A code that one platform gives another meaning shows in whom it is given to."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.county_terms import BARE_TERMS, Checks, CountyTerms
from data_contracts.registry import INCOMING
from tests.conftest import AS_OF
from village_credit.services.rules import load_terms
from village_credit.tables.extract_checks import LEAST_DEAD, extract_checks

SHIPPED, _ = load_terms(None, "659900")


def intake(dead: int, born: date, named: int, year: int = 2026) -> Any:
    """A register that notes so many as dead, all born on a day, of whom a subsidy list of a year names some."""
    people = [f"P{number}" for number in range(dead)]
    empty = pa.table({"line_number": pa.array([], pa.int32())})
    settled = dict.fromkeys(INCOMING, empty)
    settled["land_subsidy"] = pa.table(
        {"person_id": pa.array(people[:named], pa.string()), "year": pa.array([year] * named, pa.int64())}
    )
    keys = {"unit_code": [f"U{number}" for number in range(dead)], "member_no": pa.array([1] * dead, pa.int64())}
    members = pa.table({**keys, "is_living": [False] * dead, "birth_date": pa.array([born] * dead, pa.date32())})
    return SimpleNamespace(
        settled={**settled, "land_member": empty},
        facts={"members": members},
        identities=pa.table({**keys, "person_id": people}),
        sources=[SimpleNamespace(source_id=0, contract="land_member", is_copy=False)],
        reconciliation=pa.table({"source_id": [0], "line_number": [2], "outcome": ["accepted"], "row_id": [0]}),
        corrections=pa.table({"source_id": [0], "line_number": [9], "state": ["corrected"]}),
    )


def verdicts(given: Any, terms: CountyTerms = SHIPPED) -> dict[str, str]:
    rows = extract_checks(given, terms, {}, AS_OF).to_pylist()
    return {row["measure"]: row["verdict"] for row in rows if row["measure"].startswith("dead")}


@pytest.mark.parametrize(
    ("born", "named", "year", "expected"),
    [
        (date(1950, 1, 1), 0, 2026, {"dead_of_age": "pass", "dead_unseen": "pass"}),
        (date(1966, 11, 1), 0, 2026, {"dead_of_age": "pass", "dead_unseen": "pass"}),  # 60 today
        (date(1966, 11, 2), 0, 2026, {"dead_of_age": "fail", "dead_unseen": "pass"}),
        (date(1950, 1, 1), 20, 2025, {"dead_of_age": "pass", "dead_unseen": "fail"}),
        (date(1950, 1, 1), 20, 2024, {"dead_of_age": "pass", "dead_unseen": "pass"}),  # he lived then
    ],
)
def test_the_dead_are_old_and_in_no_list_of_these_years(born, named, year, expected):
    assert verdicts(intake(LEAST_DEAD + 10, born, named, year)) == expected


def test_a_few_that_are_noted_as_dead_tell_nothing():
    assert verdicts(intake(LEAST_DEAD - 1, date(2000, 1, 1), 0)) == {}


def test_without_a_bound_nothing_is_judged_and_no_other_register_has_one():
    assert set(verdicts(intake(LEAST_DEAD, date(2000, 1, 1), 0), BARE_TERMS).values()) == {"pass"}
    assert SHIPPED.check("land_member").minimum_dead_of_age == Checks(minimum_dead_of_age=0.25).minimum_dead_of_age


def test_a_county_s_own_words_give_the_code_its_meaning(tmp_path):
    (tmp_path / "659900.toml").write_text(
        'county = "659900"\nreference = "x"\n[labels.land_member.member_note]\n"7" = "9"\n', encoding="utf-8"
    )
    terms, _ = load_terms(tmp_path, "659900")
    (note,) = [spec for spec in terms.specs["land_member"] if spec.name == "member_note"]
    assert dict(note.labels)["7"] == "9"
