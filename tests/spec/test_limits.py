"""Runs the officers' cases of `limits.toml`."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.builders import facts, scores
from tests.conftest import MODELS
from village_credit.decide.decide import decide
from village_credit.decide.policy import load_policy

AS_OF = date(2026, 11, 1)
CASES = tomllib.loads(
    Path(__file__).with_name("limits.toml").read_text(encoding="utf-8"), parse_float=Decimal
)["case"]
POLICY = load_policy((MODELS / "limit_policy.toml").read_text(encoding="utf-8")).in_force(AS_OF, "659900")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]):
    expected = case["expected"]
    decided = decide(facts(**case.get("given", {})), lambda _: scores(case.get("ppm", 30_000)), POLICY, AS_OF)
    (row,) = decided.decisions.to_pylist()
    (terms,) = decided.waterfall.to_pylist()
    found = {
        **terms,
        **row,
        "reasons": row["reason_codes"],
        "borrower": row["borrower_reason"],
        "limit_at_most": min(row["limit_yuan"], expected.get("limit_at_most", 0)),
    }
    assert {name: found[name] for name in expected} == {
        **expected,
        **({"limit_at_most": found["limit_at_most"]} if "limit_at_most" in expected else {}),
    }
    assert row["limit_yuan"] <= expected.get("limit_at_most", row["limit_yuan"])
    assert (row["decision"] == "granted") <= (row["limit_yuan"] >= 5000)
