"""The reference and the limit's definition agree on the worked example (§7)."""

import tomllib
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.reference.limit_reference import reference_limits
from tests.reference.worked_example import UNIT, worked_example


def exactly(text: str) -> Fraction:
    return Fraction(text)


def test_the_reference_gives_every_figure_of_the_worked_example():
    facts, scores, toml_text, as_of, county = worked_example()
    policy = tomllib.loads(toml_text, parse_float=Decimal)
    result = reference_limits(facts, scores, policy, as_of, county)[UNIT]

    cotton, maize = result["crops"]
    assert (cotton["crop"], cotton["crop_mu"]) == ("棉花", exactly("42.8571"))
    assert (maize["crop"], maize["crop_mu"]) == ("玉米", exactly("17.1428"))
    assert cotton["norm"]["net"] == exactly("773.11")
    assert cotton["norm"]["cost"] == 1020
    assert cotton["norm"]["price"] == exactly("13.10")
    assert (maize["norm"]["net"], maize["norm"]["cost"]) == (640, 600)
    by_norm = cotton["crop_mu"] * cotton["norm"]["net"]
    by_delivery = 14_500 * exactly("0.42") * cotton["norm"]["price"] - 1020 * cotton["crop_mu"]
    assert by_norm == exactly("33133.252581")
    assert by_delivery == exactly("36064.758")
    assert maize["crop_mu"] * maize["norm"]["net"] == exactly("10971.392")
    assert round(result["book_crop_yuan"], 2) == exactly("55750.72")

    expected = {
        "register_mu": exactly("62.50"),
        "subsidised_mu": 60,
        "area_mu": 60,
        "findings": ["RENT_UNKNOWN"],
        "crop_income": exactly("44104.644581"),
        "income_yuan": 68_404,
        "operating_income_yuan": 58_804,
        "stressed_yuan": 47_882,
        "persons": 4,
        "existing_service_yuan": 6_000,
        "free_service_yuan": 17_882,
        "working_capital_yuan": 26_999,
        "annuity_permille": 952,
        "capacity_yuan": 42_726,
        "verified_assets_yuan": 67_680,
        "base_yuan": 80_000,
        "asset_part_yuan": 6_768,
        "operating_part_yuan": 17_641,
        "band_yuan": 104_409,
        "crop_need_yuan": 76_885,
        "livestock_need_yuan": 6_000,
        "need_yuan": 82_885,
        "headroom_yuan": 170_000,
        "in_force_yuan": 40_000,
        "rise_yuan": 60_000,
        "model_limit_yuan": 42_000,
        "policy_limit_yuan": 42_000,
        "binding_term": "capacity",
        "limit_yuan": 42_000,
        "product": "farmer_line",
        "band": "B",
        "term_months": 36,
        "decision": "granted",
        "borrower_member_no": 1,
        "borrower_reason": "BORROWER_HEAD",
        "valid_from": date(2025, 11, 2),
        "valid_to": date(2028, 11, 1),
    }
    assert {name: result[name] for name in expected} == expected
