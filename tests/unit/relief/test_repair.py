"""Repaired arrears and listings, and listings that are too old: each edge the day before, on and after."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.builders import UNIT, facts, scores, shipped_policy
from tests.conftest import AS_OF, MODELS
from village_credit.decide.decide import decide
from village_credit.errors import PolicyRefused
from village_credit.features.build import build_features
from village_credit.policy.model import load_policy
from village_credit.policy.sections import RepairRules
from village_credit.relief.repair import repaired

TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
ARREARS = {
    "overdue_from": date(2020, 1, 1),
    "overdue_to": date(2025, 12, 31),
    "most_yuan": 10_000,
    "cured_by": date(2026, 3, 31),
    "from": date(2026, 1, 1),
    "reference": "x",
}
RULES = RepairRules.model_validate({"arrears": ARREARS})
LOAN = {
    "loan_number": "1",
    "opened_on": date(2019, 3, 1),
    "due_on": date(2026, 3, 1),
    "max_days_overdue": 40,
    "days_overdue": 0,
    "cutoff_on": date(2026, 10, 31),
    "overdue_since": date(2023, 5, 1),
    "max_overdue_yuan": Decimal(10_000),
    "cured_on": date(2026, 3, 31),
}
ENTRY = {
    "list_category": "失信被执行人",
    "reason_code": "F01",
    "listed_on": date(2025, 1, 15),
    "member_is_adult_living": True,
}


def worst_days(rules: RepairRules, *loans: dict[str, Any], as_of: date = AS_OF) -> float | None:
    counted, _ = repaired(facts(conducts=list(loans)), rules, as_of)
    table = build_features(counted, as_of, [])
    (value,) = table.column("worst_days_overdue").to_pylist()
    return value


@pytest.mark.parametrize(
    ("changes", "is_repaired"),
    [
        ({}, True),
        ({"overdue_since": date(2019, 12, 31)}, False),
        ({"overdue_since": date(2020, 1, 1)}, True),
        ({"overdue_since": date(2025, 12, 31)}, True),
        ({"overdue_since": date(2026, 1, 1)}, False),
        ({"max_overdue_yuan": Decimal("9999.99")}, True),
        ({"max_overdue_yuan": Decimal("10000.01")}, False),
        ({"cured_on": date(2026, 4, 1)}, False),
        ({"days_overdue": 1}, False),  # owed today
        ({"overdue_since": None}, False),  # what nobody says is not repaired
        ({"max_overdue_yuan": None}, False),
        ({"cured_on": None}, False),
    ],
)
def test_each_edge_of_the_arrears_that_are_no_longer_shown(changes: dict[str, Any], is_repaired: bool):
    assert worst_days(RULES, LOAN | changes) == (None if is_repaired else 40)


def test_repaired_conduct_is_unknown_and_no_praise_beside_other_conduct():
    assert worst_days(RULES, LOAN, LOAN | {"loan_number": "2", "overdue_since": None, "max_days_overdue": 7}) == 7


@pytest.mark.parametrize(("as_of", "worst"), [(date(2025, 12, 31), 40), (date(2026, 1, 1), 40), (AS_OF, None)])
def test_the_rule_holds_from_its_day_and_what_is_repaid_later_is_not_yet(as_of: date, worst: float | None):
    loan = LOAN | {"cutoff_on": date(2025, 12, 1), "cured_on": date(2026, 2, 1)}
    assert worst_days(RULES, loan, as_of=as_of) == worst


def entries(rules: RepairRules, *rows: dict[str, Any]) -> int:
    counted, _ = repaired(facts(negatives=list(rows)), rules, AS_OF)
    return counted["negatives"].num_rows


@pytest.mark.parametrize(
    ("repaired_on", "left"), [(None, 1), (date(2026, 10, 31), 0), (AS_OF, 0), (date(2026, 11, 2), 1)]
)
def test_a_repaired_listing_counts_no_more_from_its_day(repaired_on: date | None, left: int):
    row = ENTRY | {"repaired_on": repaired_on}
    assert entries(RepairRules(listings=True), row) == left
    assert entries(RepairRules(), row) == 1


@pytest.mark.parametrize(
    ("listed_on", "left"), [(date(2025, 11, 2), 1), (date(2025, 11, 1), 0), (date(2025, 10, 31), 0)]
)
def test_a_listing_counts_as_long_as_its_reason_may(listed_on: date, left: int):
    rules = RepairRules(listing_months={"F01": 12})
    assert entries(rules, ENTRY | {"listed_on": listed_on}) == left
    assert entries(rules, ENTRY | {"listed_on": listed_on, "reason_code": "F02"}) == 1
    assert entries(rules, ENTRY | {"listed_on": listed_on, "reason_code": "F01、F02"}) == 1  # the other one stands
    assert entries(RepairRules(listing_months={"F01": 12, "F02": 6}), ENTRY | {"reason_code": "F01、F02"}) == 0


def test_nothing_is_touched_as_shipped():
    given = facts(conducts=[LOAN], negatives=[ENTRY | {"repaired_on": AS_OF}])
    counted, noted = repaired(given, load_policy(TEXT).repair, AS_OF)
    assert counted is given
    assert noted.num_rows == 0


def test_what_was_repaired_is_said_beside_the_figures():
    given = facts(conducts=[LOAN], negatives=[ENTRY | {"repaired_on": AS_OF}])
    rules = RepairRules.model_validate({"arrears": ARREARS, "listings": True})
    counted, noted = repaired(given, rules, AS_OF)
    decided = decide({**counted, "noted": noted}, lambda _: scores(30_000), shipped_policy(), AS_OF)
    (row,) = decided.waterfall.to_pylist()
    assert {"CONDUCT_REPAIRED", "LISTING_REPAIRED"} <= set(row["findings"])
    assert decided.decisions.column("decision").to_pylist() == ["granted"]
    before = decide(given, lambda _: scores(30_000), shipped_policy(), AS_OF)
    assert before.decisions.column("decision").to_pylist() == ["declined"]
    assert noted.column("unit_code").to_pylist() == [UNIT, UNIT]
    assert isinstance(noted, pa.Table)


ARREARS_TEXT = """[repair.arrears]
overdue_from = 2020-01-01
overdue_to = 2025-12-31
most_yuan = 10000
cured_by = 2026-03-31
from = 2026-01-01
reference = "x"
"""


@pytest.mark.parametrize(
    "section",
    [
        ARREARS_TEXT.replace("overdue_from = 2020", "overdue_from = 2026"),
        ARREARS_TEXT.replace("cured_by = 2026-03-31", "cured_by = 2025-12-30"),
        ARREARS_TEXT.replace("10000", "0"),
        "[repair.listing_months]\nF01 = 61\n",
        '[repair.listing_months]\nF01 = "12"\n',
        "[repair]\nlisting = true\n",
    ],
)
def test_an_unsound_rule_of_repair_is_refused(section: str):
    assert load_policy(f"{TEXT}\n{ARREARS_TEXT}").repair.arrears
    with pytest.raises(PolicyRefused, match="repair"):
        load_policy(f"{TEXT}\n{section}")
