"""Runs the officers' cases of `limits.toml`, through the product and through the second reckoning in fractions."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.reasons import DECISION_REASONS
from tests.builders import UNIT, facts, reckoning_text
from tests.conftest import AS_OF
from tests.reference.limit_reference import reference_limits
from village_credit.decide.decide import HUMAN_INPUTS, decide
from village_credit.policy.model import Policy
from village_credit.policy.sections import PRODUCTS

Case = dict[str, Any]
CASES: list[Case] = tomllib.loads(
    Path(__file__).with_name("limits.toml").read_text(encoding="utf-8"), parse_float=Decimal
)["case"]
SHIPPED = tomllib.loads(reckoning_text(), parse_float=Decimal)
COUNTY, USUAL_PPM = "659900", 30_000
ALWAYS = {"decision", "limit_yuan", "binding_term", "reasons"}
TERMS = ("capacity", "band", "need", "headroom", "rise", "branch", "budget")
# The reasons that §4 gives after the screen.
AFTER_THE_SCREEN = {
    "BELOW_SMALLEST_TICKET",
    "NO_ROOM_CAPACITY",
    "NO_ROOM_BAND",
    "NO_ROOM_NEED",
    "NO_ROOM_HEADROOM",
    "NO_ROOM_RISE",
    "BRANCH_REFUSED",
    "BUDGET_EXHAUSTED",
    "FROZEN",
    "REVIEW_GRANTED",
    "REVIEW_DECLINED",
}
# The product's own words and roundings for what it shows; everything else must be in both reckonings.
SHOWN_ONLY = {"borrower", "findings", "leased_out_mu", "crop_income_source", "wages_yuan", "trade_yuan", "budget_state"}


def raw_policy(case: Case) -> dict[str, Any]:
    """The shipped policy, with the figures, norms and rules of the screen that a case puts in their place."""
    words = {"from": date(2026, 1, 1), "reference": "the case", "verified": False}
    figures = [{"unit": "as shipped", **words, **figure} for figure in case.get("policy", [])]
    form = {"county": "*", "form": "fruit", "outturn": Decimal(1)}
    norms = [{**form, **words, **norm} for norm in case.get("norms", [])]
    return {
        **SHIPPED,
        "screen": {**SHIPPED["screen"], **case.get("screen", {})},
        "figures": [*SHIPPED["figures"], *figures],
        "crop_norms": [*SHIPPED["crop_norms"], *norms],
        "charges": [{**words, "payee": "x", **charge} for charge in case.get("charges", [])],
    }


def given_facts(case: Case, unit: str = UNIT) -> dict[str, pa.Table]:
    """The usual household's rows, or those that the case gives in their place; and what people said of it."""
    given = case.get("given", {})
    tables = facts([unit], **{name: rows for name, rows in given.items() if name not in HUMAN_INPUTS})
    for name, schema in HUMAN_INPUTS.items():
        rows = [{"unit_code": unit, **row} for row in given.get(name, [])]
        tables[name] = pa.Table.from_pylist(rows, schema=schema)
    sides = ("from_unit_code", "to_unit_code")
    own = [{**row, **{side: row[side] and unit for side in sides}} for row in tables["leases"].to_pylist()]
    return {**tables, "leases": pa.Table.from_pylist(own, schema=tables["leases"].schema)}


def probability(case: Case) -> int | None:
    """In ppm; `is_scored = false`: nobody knows it."""
    return case.get("ppm", USUAL_PPM) if case.get("is_scored", True) else None


def shared(case: Case) -> str:
    """What all households of one run have in common: cases with the same are decided in one table."""
    rules = [case.get(name) for name in ("policy", "norms", "screen", "charges")]
    return repr([*rules, case.get("given", {}).get("legal_basis")])


@cache
def decided_together(common: str) -> dict[str, Case]:
    """The product's decision and waterfall of each case, by its name."""
    cases = {f"{UNIT[:-3]}{number:03d}": case for number, case in enumerate(CASES) if shared(case) == common}
    each = [given_facts(case, unit) for unit, case in cases.items()]
    tables = {name: pa.concat_tables(table[name] for table in each) for name in each[0]}
    tables["legal_basis"] = each[0]["legal_basis"]
    known = {unit: ppm for unit, case in cases.items() if (ppm := probability(case)) is not None}
    scored = pa.table(
        {
            "unit_code": pa.array(list(known), pa.string()),
            "points": pa.array([600] * len(known), pa.int64()),
            "default_probability_ppm": pa.array(list(known.values()), pa.int64()),
        }
    )
    policy = Policy.model_validate(raw_policy(next(iter(cases.values())))).in_force(AS_OF, COUNTY)
    decided = decide(tables, lambda _: scored, policy, AS_OF)
    visited = {row["unit_code"]: row for row in decided.follow_up.to_pylist()}
    rows = zip(decided.waterfall.to_pylist(), decided.decisions.to_pylist(), strict=True)
    return {
        cases[row["unit_code"]]["name"]: {"tags": [], **visited.get(row["unit_code"], {}), **terms, **row}
        for terms, row in rows
    }


def by_product(case: Case) -> Case:
    row = decided_together(shared(case))[case["name"]]
    return {
        **row,
        "reasons": row["reason_codes"],
        "borrower": row["borrower_reason"],
        "binding_term": row["binding_term"] or "",
    }


def by_reference(case: Case) -> Case:
    rows = {name: table.to_pylist() for name, table in given_facts(case).items()}
    ppm = probability(case)
    row = reference_limits(rows, {} if ppm is None else {UNIT: ppm}, raw_policy(case), AS_OF, COUNTY)[UNIT]
    return {**row, "binding_term": row["binding_term"] or ""}


def found(row: Case, expected: Case, left_out: set[str] = frozenset()) -> Case:  # type: ignore[assignment]
    return {name: row[name] for name in expected if name not in left_out}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_product_decides_as_the_case_says(case: Case):
    assert found(by_product(case), case["expected"]) == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_second_reckoning_decides_as_the_case_says(case: Case):
    expected = {name: value for name, value in case["expected"].items() if name not in SHOWN_ONLY}
    assert found(by_reference(case), expected) == expected


def told(expected: Case) -> str:
    """What a case's sentence begins with."""
    if expected["decision"] == "granted":
        term = f", bound by {expected['binding_term']}" if expected["binding_term"] else ""
        text = f"Granted {expected['limit_yuan']:,} yuan{term}"
    else:
        text = {"declined": "Declined", "manual_review": "A person looks"}[expected["decision"]]
    if "FROZEN" in expected["reasons"]:
        text += (
            f"; {expected['limit_yuan']:,} yuan stay drawn" if expected["limit_yuan"] else "; what is drawn is no limit"
        )
    codes = ", ".join(expected["reasons"])
    return f"{text}{f' ({codes})' if codes else ''}: "


def test_every_case_has_a_name_of_its_own_and_a_sentence_that_says_what_it_expects():
    assert len(CASES) >= 80
    assert [name for name, count in Counter(case["name"] for case in CASES).items() if count > 1] == []
    assert [case["name"] for case in CASES if not set(case["expected"]) >= ALWAYS] == []
    wrong = [case["name"] for case in CASES if not case["says"].startswith(told(case["expected"]))]
    assert wrong == []
    assert [case["name"] for case in CASES if len(case["says"]) < len(told(case["expected"])) + 10] == []


def test_every_reason_of_the_screen_and_of_the_limit_occurs():
    """Whoever adds a reason to the screen adds its case here."""
    sql = resources.files("village_credit.decide").joinpath("sql/screen.sql").read_text(encoding="utf-8")
    listed = sql[sql.index("concat_ws(") :]
    screened = set(re.findall(r"THEN '([A-Z_0-9]+)'", listed))
    assert len(screened) >= 17
    assert screened | AFTER_THE_SCREEN <= set(DECISION_REASONS)
    given = {reason for case in CASES for reason in case["expected"]["reasons"]}
    assert (screened | AFTER_THE_SCREEN) - given == set()


def test_every_term_binds_every_product_is_granted_and_every_decision_is_taken():
    granted = [case for case in CASES if case["expected"]["decision"] == "granted"]
    assert {case["expected"]["binding_term"] for case in granted} >= set(TERMS)
    assert {by_reference(case)["product"] for case in granted} == set(PRODUCTS)
    assert {case["expected"]["decision"] for case in CASES} == {"granted", "declined", "manual_review"}
