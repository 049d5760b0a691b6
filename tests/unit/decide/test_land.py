"""One rule says which land is a household's own, for features and limit; rent is a cost and never anything else."""

from __future__ import annotations

import random
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.builders import UNIT, facts, facts_of, scores, shipped_policy
from tests.conftest import AS_OF
from village_credit.decide.decide import decide
from village_credit.features.build import build_features
from village_credit.policy.model import PolicyInForce

POLICY = shipped_policy()
NAMES = POLICY.policy.products["poverty_micro_loan"].names


def counting(methods: list[str]) -> PolicyInForce:
    return POLICY.__class__(
        POLICY.policy.model_copy(update={"counted_methods": methods}), POLICY.as_of, POLICY.county_code
    )


def units(count: int) -> list[str]:
    return [f"{UNIT[:-4]}{number:04d}" for number in range(1, count + 1)]


def leasing(chance: random.Random) -> dict[str, list[dict]]:
    """A household that works its own land and another's, with or without a book and a paid subsidy."""
    mu = Decimal(chance.randint(1, 900)) / 10
    return {
        "parcels": [{"method_code": "110", "area_mu": Decimal(chance.randint(0, 600)) / 10}],
        "subsidies": chance.choice([[], [{"year": 2025, "subsidised_mu": mu, "paid_yuan": Decimal(1)}]]),
        "crops": [{"year": 2026, "crop": crop, "area_mu": mu} for crop in chance.sample(["棉花", "玉米", "油葵"], 2)],
        "leases": [{"area_mu": mu}],
    } | ({} if chance.random() < 0.5 else {"books": []})


def limits(households: dict[str, dict], rents: list[Decimal]) -> dict[str, int]:
    """Each household's figure under a rent of its lease."""
    tables = facts_of(households)  # leases are of two households and gathered apart
    leases = [
        {**rows["leases"][0], "to_unit_code": unit, "rent_yuan": rent}
        for (unit, rows), rent in zip(households.items(), rents, strict=True)
    ]
    tables["leases"] = pa.Table.from_pylist(leases, schema=tables["leases"].schema)
    found = decide(tables, lambda _: scores(30_000, list(households)), POLICY, AS_OF).waterfall.to_pylist()
    return {row["unit_code"]: row["policy_limit_yuan"] or 0 for row in found}


def test_rent_never_raises_a_limit():
    chance = random.Random(20)
    households = {unit: leasing(chance) for unit in units(400)}
    rents = [Decimal(chance.randint(0, 4_000_000)) / 100 for _ in households]
    without = limits(households, [Decimal(0)] * len(households))
    lower = limits(households, rents)
    higher = limits(households, [rent + Decimal(chance.randint(0, 900_000)) / 100 for rent in rents])
    assert all(without[unit] >= lower[unit] >= higher[unit] for unit in households)
    assert sum(without[unit] > lower[unit] for unit in households) > 100


@pytest.mark.parametrize("counted", [[], ["200"], ["200", "300"]])
def test_features_and_limit_read_one_area(counted: list[str]):
    chance = random.Random(len(counted))
    codes = ("110", "121", "200", "300", "900", None)
    households = {
        unit: {
            "parcels": [
                {"method_code": chance.choice(codes), "area_mu": Decimal(chance.randint(1, 300)) / 10}
                for _ in range(chance.randint(1, 4))
            ],
            "subsidies": [],
        }
        for unit in units(200)
    }
    tables = facts_of(households)
    found = decide(tables, lambda _: scores(30_000, list(households)), counting(counted), AS_OF).waterfall.to_pylist()
    of_limit = {row["unit_code"]: float(row["register_mu"] or 0) for row in found}
    features = build_features(tables, AS_OF, counted).to_pylist()
    assert of_limit == {row["unit_code"]: row["land_mu"] for row in features}
    assert len(set(of_limit.values())) > 50


def test_a_parcel_counts_alike_with_its_method_and_without_it():
    shown = []
    for method in ("110", None):
        tables = facts(parcels=[{"method_code": method, "area_mu": Decimal("37.5")}], subsidies=[])
        (row,) = decide(tables, lambda _: scores(30_000), POLICY, AS_OF).waterfall.to_pylist()
        shown.append((row["register_mu"], row["policy_limit_yuan"], "METHOD_MISSING" in row["findings"]))
    assert shown[0][:2] == shown[1][:2]
    assert [is_said for *_, is_said in shown] == [False, True]


def test_a_rent_that_nobody_knows_is_nothing_and_is_said():
    policy = POLICY.policy.model_copy(update={"figures": [f for f in POLICY.policy.figures if f.name != "rent"]})
    tables = facts(leases=[{"to_unit_code": UNIT, "area_mu": Decimal(10)}], subsidies=[])
    held = POLICY.__class__(policy, POLICY.as_of, POLICY.county_code)
    (row,) = decide(tables, lambda _: scores(30_000), held, AS_OF).waterfall.to_pylist()
    assert (row["rent_yuan"], "RENT_UNKNOWN" in row["findings"]) == (0, True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("balance", [0, 1, 30_000])
def test_whatever_the_subsidised_loan_is_called_nobody_has_two(name: str, balance: int):
    loan = {"product_name": name, "credit_yuan": Decimal(50_000), "balance_yuan": Decimal(balance)}
    tables = facts(
        monitored=[{"household_type": "脱贫户"}], exposures=[{**loan, "loan_class": "正常", "guarantee": "信用"}]
    )
    (row,) = decide(tables, lambda _: scores(30_000), POLICY, AS_OF).decisions.to_pylist()
    assert (row["product"], row["decision"]) != ("poverty_micro_loan", "granted")
