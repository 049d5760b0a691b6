"""The worked example of the limit's definition, figure by figure, through the product."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.builders import facts, scores
from tests.conftest import MODELS
from village_credit.decide.decide import Decided, decide
from village_credit.policy.model import CropNorm, PolicyInForce, load_policy

AS_OF = date(2026, 11, 1)
COTTON = [("137.80", "13.80", "1020.00"), ("120.40", "13.00", "980.00"), ("153.00", "12.50", "1060.00")]


def norm(crop: str, year: int, yielded: str, price: str, cost: str, outturn: str) -> CropNorm:
    return CropNorm.model_validate(
        {
            "county": "*",
            "crop": crop,
            "year": year,
            "yield_kg_per_mu": Decimal(yielded),
            "price_yuan_per_kg": Decimal(price),
            "cost_yuan_per_mu": Decimal(cost),
            "form": "lint",
            "outturn": Decimal(outturn),
            "from": date(2024, 1, 1),
            "reference": "the worked example",
            "verified": False,
        }
    )


def example_policy() -> PolicyInForce:
    cotton = [norm("棉花", 2023 + index, *figures, "0.42") for index, figures in enumerate(COTTON)]
    maize = [norm("玉米", 2023 + index, "620", "2.00", "600.00", "1") for index in range(3)]
    policy = load_policy((MODELS / "limit_policy.toml").read_text(encoding="utf-8"))
    return policy.model_copy(update={"crop_norms": [*cotton, *maize]}).in_force(AS_OF, "659900")


def example() -> Decided:
    planting, costs, livestock = (88600, 81000, 93000), (39200, 37000, 42000), (18000, 21000, 24000)
    books = [
        {
            "year": 2023 + index,
            "persons": 4,
            "planting_income_yuan": Decimal(planting[index]),
            "production_cost_yuan": Decimal(costs[index]),
            "livestock_income_yuan": Decimal(livestock[index]),
            "wage_income_yuan": Decimal(20000) if index == 2 else None,
            "sheep": 20,
            "cattle": 0,
        }
        for index in range(3)
    ]
    return decide(
        facts(
            parcels=[{"method_code": "110", "area_mu": Decimal("62.50")}],
            subsidies=[{"year": 2025, "subsidised_mu": Decimal("60.00")}],
            crops=[
                {"year": 2026, "crop": "棉花", "area_mu": Decimal(45), "delivered_kg": Decimal(14500)},
                {"year": 2026, "crop": "玉米", "area_mu": Decimal(18)},
            ],
            books=books,
            machines=[
                {
                    "machine_type": "拖拉机",
                    "unit_price_yuan": Decimal(68000),
                    "machine_count": 1,
                    "bought_on": date(2024, 4, 1),
                    "status": "已结算",
                }
            ],
            exposures=[
                {
                    "product_name": "农户小额信用贷款",
                    "credit_yuan": Decimal(30000),
                    "balance_yuan": Decimal(10000),
                    "loan_class": "正常",
                    "guarantee": "信用",
                    "due_on": date(2028, 1, 1),
                }
            ],
            rise_bases=[{"product": "farmer_line", "base_yuan": 40_000}],
            in_force=[
                {
                    "product": "farmer_line",
                    "limit_yuan": 40000,
                    "term_months": 36,
                    "valid_from": date(2025, 11, 1),
                    "valid_to": date(2028, 10, 31),
                }
            ],
        ),
        lambda _: scores(30_000),
        example_policy(),
        AS_OF,
    )


def test_every_figure_of_the_worked_example_comes_out():
    (row,) = example().waterfall.to_pylist()
    expected = {
        "register_mu": Decimal("62.5000"),
        "subsidised_mu": Decimal("60.0000"),
        "area_mu": Decimal("60.0000"),
        "crop_income_yuan": Decimal("44104.644581"),
        "crop_income_source": "norm",
        "book_crop_yuan": Decimal("55750.72"),
        "income_yuan": 68404,
        "operating_income_yuan": 58804,
        "stressed_yuan": 47882,
        "existing_service_yuan": 6000,
        "free_service_yuan": 17882,
        "working_capital_yuan": 26999,
        "annuity_permille": 952,
        "capacity_yuan": 42726,
        "base_yuan": 80000,
        "asset_part_yuan": 6768,
        "operating_part_yuan": 17641,
        "band_yuan": 104409,
        "crop_need_yuan": 76885,
        "livestock_need_yuan": 6000,
        "need_yuan": 82885,
        "headroom_yuan": 170000,
        "rise_yuan": 60000,
        "model_limit_yuan": 42000,
        "policy_limit_yuan": 42000,
        "binding_term": "capacity",
        "limit_yuan": 42000,
    }
    assert {name: row[name] for name in expected} == expected
    assert "AREA_DISAGREES" not in row["findings"]


def test_its_crops_and_norms_come_out():
    cotton, maize = sorted(example().crop_terms.to_pylist(), key=lambda row: row["crop"], reverse=False)
    assert (cotton["crop_mu"], maize["crop_mu"]) == (Decimal("42.8571"), Decimal("17.1428"))
    assert (cotton["net_yuan"], cotton["cost_yuan"], cotton["price_yuan"]) == (
        Decimal("773.11"),
        Decimal("1020.00"),
        Decimal("13.10"),
    )
    assert cotton["norm_income_yuan"] == Decimal("33133.25258100")
    assert cotton["delivery_income_yuan"].quantize(Decimal("0.001")) == Decimal("36064.758")
    assert maize["norm_income_yuan"] == Decimal("10971.39200000")


def test_a_line_within_its_term_keeps_its_dates():
    (row,) = example().decisions.to_pylist()
    assert (row["valid_from"], row["valid_to"], row["term_months"]) == (date(2025, 11, 1), date(2028, 10, 31), 36)
