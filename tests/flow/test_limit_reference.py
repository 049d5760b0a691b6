"""The product's limits against a second reckoning in plain fractions, household by household, to the yuan."""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.conftest import AS_OF, DELIVERY, MODELS
from village_credit.decide.decide import decide
from village_credit.extract.inbox import pull
from village_credit.features.build import build_features
from village_credit.ingest.county import take_in
from village_credit.ledger.lines_in_force import BEFORE
from village_credit.policy.model import load_policy
from village_credit.score.apply import score
from village_credit.score.scorecard import read_scorecard
from village_credit.synthetic import synthesize

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from limit_reference import reference_limits

FIGURES = (
    "income_yuan",
    "operating_income_yuan",
    "stressed_yuan",
    "existing_service_yuan",
    "free_service_yuan",
    "working_capital_yuan",
    "annuity_permille",
    "capacity_yuan",
    "band_yuan",
    "verified_assets_yuan",
    "need_yuan",
    "headroom_yuan",
    "rise_yuan",
    "model_limit_yuan",
    "policy_limit_yuan",
)
POLICY_TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")


def compared(
    inbox: Path, county: str, as_of: date, text: str = POLICY_TEXT
) -> tuple[dict[str, dict], dict[str, dict], dict[str, dict]]:
    """Return decisions and waterfall of the product, and the reference's figures, without disputed households."""
    intake = take_in(pull(inbox, county), as_of, county)
    disputed = pa.array(
        [row["unit_code"] for row in intake.facts["objections"].to_pylist() if row["objection_type"] == "数据异议"],
        pa.string(),
    )
    in_force = pa.table(
        {
            "unit_code": pa.array([], pa.string()),
            **{f.name: pa.array([], f.type) for f in BEFORE if f.name != "household_key"},
        }
    )
    bases = (
        intake.facts["credit_lines"]
        .select(["unit_code", "limit_yuan"])
        .group_by("unit_code")
        .aggregate([("limit_yuan", "max")])
    )
    # as if what the bank had granted had been published a year before
    rise_bases = pa.table(
        {
            "unit_code": bases.column("unit_code"),
            "product": pa.array(["farmer_line"] * bases.num_rows, pa.string()),
            "base_yuan": bases.column("limit_yuan_max").cast(pa.int64(), safe=False),
        }
    )
    facts = {**intake.facts, "in_force": in_force, "rise_bases": rise_bases}
    facts = {name: _without(table, disputed) for name, table in facts.items()}
    card = read_scorecard((MODELS / "synthetic-2026.1.scorecard.json").read_text(encoding="utf-8"))
    scores: dict[str, int] = {}

    def scorer(given: dict[str, pa.Table]) -> pa.Table:
        table = score(build_features(given, as_of), card).scores
        scores.update(
            zip(table.column("unit_code").to_pylist(), table.column("default_probability_ppm").to_pylist(), strict=True)
        )
        return table

    decided = decide(facts, scorer, load_policy(text).in_force(as_of, county), as_of)
    policy = tomllib.loads(text, parse_float=Decimal)
    reference = reference_limits(
        {name: table.to_pylist() for name, table in facts.items()}, scores, policy, as_of, county
    )
    by_unit = [{row["unit_code"]: row for row in table.to_pylist()} for table in (decided.decisions, decided.waterfall)]
    return by_unit[0], by_unit[1], reference


def _without(table: pa.Table, units: pa.Array) -> pa.Table:
    return (
        table.filter(pc.invert(pc.is_in(table.column("unit_code"), units)))
        if "unit_code" in table.column_names
        else table
    )


@pytest.fixture(scope="module")
def synthetic_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict, dict]:
    inbox = tmp_path_factory.mktemp("reference") / "inbox"
    synthesize(inbox, "659900", 12, 3600, 7, AS_OF)
    return compared(inbox, "659900", AS_OF)


@pytest.fixture(scope="module")
def delivered_pair() -> tuple[dict, dict, dict]:
    return compared(DELIVERY / "inbox", "653199", AS_OF)


@pytest.fixture(scope="module")
def residual_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict, dict]:
    """A policy that takes land of which nobody says what grows on it for one crop, which some households declare too."""  # noqa: E501
    inbox = tmp_path_factory.mktemp("residual") / "inbox"
    synthesize(inbox, "659900", 4, 1200, 9, AS_OF)
    text = POLICY_TEXT.replace("basis_exempt = []", 'basis_exempt = []\nresidual_crop = "玉米"')
    assert load_policy(text).residual_crop == "玉米"
    return compared(inbox, "659900", AS_OF, text)


def test_land_that_nobody_declares_counts_as_the_residual_crop(residual_pair, synthetic_pair):
    _, waterfall, _ = residual_pair
    assert any(row["crop_income_source"] == "norm" and row["crop_need_yuan"] > 0 for row in waterfall.values())
    known = [
        sum(row["crop_income_yuan"] is not None for row in w.values()) / len(w) for w in (waterfall, synthetic_pair[1])
    ]
    assert known[0] > known[1]


@pytest.fixture(params=["synthetic_pair", "delivered_pair", "residual_pair"])
def pair(request: pytest.FixtureRequest) -> tuple[dict, dict, dict]:
    return request.getfixturevalue(request.param)


def test_every_figure_of_every_household_agrees_to_the_yuan(pair):
    _, waterfall, reference = pair
    assert set(waterfall) == set(reference)
    wrong = [
        (unit, name, row[name], reference[unit][name])
        for unit, row in waterfall.items()
        for name in FIGURES
        if row[name] != reference[unit][name]
    ]
    assert wrong[:5] == []


def test_every_decision_product_borrower_and_date_agrees(pair):
    decisions, _, reference = pair
    names = ("product", "decision", "band", "limit_yuan", "borrower_member_no")
    wrong = [
        (unit, name, row[name], reference[unit][name])
        for unit, row in decisions.items()
        for name in names
        if row[name] != reference[unit][name]
    ]
    assert wrong[:5] == []
    granted = [unit for unit, row in decisions.items() if row["decision"] == "granted"]
    dates = ("term_months", "valid_from", "valid_to")
    assert [
        (u, n, decisions[u][n], reference[u][n]) for u in granted for n in dates if decisions[u][n] != reference[u][n]
    ][:5] == []


def test_each_term_binds_in_at_least_two_in_a_hundred_households(synthetic_pair):
    _, waterfall, _ = synthetic_pair
    binding = Counter(row["binding_term"] for row in waterfall.values())
    seldom = {
        term: binding[term]
        for term in ("capacity", "band", "need", "headroom", "rise")
        if binding[term] < 0.02 * len(waterfall)
    }
    assert seldom == {}
