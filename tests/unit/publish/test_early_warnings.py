"""What a person should look into, of lines and what came back: at its borders, and by whose limit."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.unit.publish.figures import COUNTY, PRODUCT, VILLAGE, Rows, drawn, line, merged, published, warehouse_of

NOV, TODAY = date(2026, 11, 1), date(2026, 11, 30)
ALLOWED = [{"product": PRODUCT, "purpose": word, "run_id": "r1"} for word in ("seed", "trade")]
BRANCHES = [
    {"run_id": "r1", "township_code": "659900101", "branch_code": "0071", "branch_name": "甲"},
    {"run_id": "r1", "township_code": VILLAGE[:9], "branch_code": "0072", "branch_name": "乙"},
]


def warned(*, columns: str = "household_key, warning", **given: Rows) -> list[Any]:
    base = published(NOV) | {"branches": BRANCHES, "draw_purposes": ALLOWED}
    asked = f"SELECT {columns} FROM early_warnings ORDER BY household_key, warning"
    return warehouse_of(TODAY, **base | given).execute(asked).fetchall()


def contract(key: str, on: date = NOV) -> dict[str, Any]:
    told = {"contract_key": f"c{key}", "household_key": key, "product": PRODUCT, "signed_on": on}
    return told | {"county_code": COUNTY, "filename": f"u{'0' * 24}/contracts.parquet"}


def signed(*contracts: dict[str, Any]) -> dict[str, Rows]:
    return {"contracts": list(contracts), "returned": [{"record": f"u{'0' * 24}", "act": 4}]}


def repaid(key: str, yuan: int, on: date) -> dict[str, Any]:
    return {"contract_key": f"c{key}", "household_key": key, "product": PRODUCT, "amount_yuan": yuan, "paid_on": on}


@pytest.mark.parametrize(("owed", "found"), [(9_999, []), (10_000, []), (10_001, [("h", "owed_above_limit")])])
def test_more_is_owed_than_the_limit_from_the_first_yuan_above_it(owed: int, found: list[Any]):
    assert warned(decisions=[line("h", 10_000)], draws=[drawn("h", owed, NOV)]) == found


def test_it_is_owed_since_the_last_day_on_which_the_limit_of_today_held():
    draws = [drawn("h", 12_000, date(2026, 11, 2)), drawn("h", 7_000, date(2026, 11, 20))]
    paid = [repaid("h", 6_000, date(2026, 11, 10))]
    columns = "since, days, amount_yuan, owed_yuan, limit_yuan"
    found = warned(columns=columns, decisions=[line("h", 10_000)], draws=draws, repayments=paid)
    assert found == [(date(2026, 11, 20), 10, 3_000, 13_000, 10_000)]


def test_a_hold_is_no_warning_and_the_branch_s_limit_counts():
    held = [{"county_code": COUNTY, "household_key": "h", "since": datetime(2026, 11, 5, tzinfo=UTC)}]
    given = {"decisions": [line("h", 10_000)], "draws": [drawn("h", 9_000, NOV)], "held": held}
    assert warned(**given) == []
    cut = {"publication_id": "p1", "run_id": "r1", "household_key": "h", "product": PRODUCT, "branch_limit_yuan": 8_000}
    assert warned(**given, branch_limits=[cut]) == [("h", "owed_above_limit")]
    asked = "limit_yuan, held_since IS NOT NULL"
    assert warned(columns=asked, **given, branch_limits=[cut]) == [(8_000, True)]


def test_what_is_owed_on_no_line_in_force_is_above_its_limit_of_nothing():
    gone = merged(published(NOV, until_on=date(2026, 11, 9)), published(date(2026, 11, 9), "r2", number=2))
    found = warned(
        columns="household_key, warning, limit_yuan, village_code, branch_code",
        **gone | {"decisions": [line("h", 10_000)], "draws": [drawn("h", 1, NOV)]},
    )
    assert found == [("h", "owed_above_limit", 0, VILLAGE, "0072")]


@pytest.mark.parametrize(
    ("purpose", "found"), [("seed", []), ("trade", []), (None, []), ("other", ["drawn_against_purpose"])]
)
def test_a_draw_of_another_purpose_than_the_policy_names_is_looked_into(purpose: str | None, found: list[str]):
    draws = [drawn("h", 500, NOV, purpose), drawn("h", 300, date(2026, 11, 3), purpose)]
    rows = warned(columns="warning, since, amount_yuan", decisions=[line("h", 10_000)], draws=draws)
    assert rows == [(word, NOV, 800) for word in found]


def test_where_the_policy_names_no_purpose_and_where_the_draw_was_taken_back_nothing_is_said():
    given = {"decisions": [line("h", 10_000)], "draws": [drawn("h", 500, NOV, "other")]}
    assert warned(**given, draw_purposes=[]) == []
    given["draws"].append(drawn("h", -500, NOV, "other"))
    assert warned(**given) == []


def test_a_draw_before_its_contract_is_told_and_one_of_its_day_is_not():
    given = {"decisions": [line("a", 10_000), line("b", 10_000)], "draws": [drawn("a", 5, NOV), drawn("b", 5, NOV)]}
    told = signed(contract("a"), contract("b", date(2026, 11, 2)))
    assert warned(**given, **told) == [("b", "drawn_before_contract")]


def test_a_contract_never_drawn_is_told_while_its_line_may_be_drawn():
    lines = [
        line("a", 10_000, valid_to=date(2029, 10, 31)),
        line("b", 0),  # declined since
        line("c", 10_000, valid_to=date(2026, 11, 29)),  # over since yesterday
        line("d", 10_000, valid_to=TODAY),
        line("e", 10_000),
    ]
    told = signed(*(contract(key, date(2026, 11, 11)) for key in "abcde"))
    columns = "household_key, warning, since, days, amount_yuan"
    found = warned(columns=columns, decisions=lines, draws=[drawn("e", 5, date(2026, 11, 12))], **told)
    since = date(2026, 11, 11)
    assert found == [("a", "never_drawn", since, 19, None), ("d", "never_drawn", since, 19, None)]


def test_a_band_s_use_is_of_lines_in_force_alone():
    lines = [line(key, limit, band=band, term_months=12) for key, limit, band in
             (("a", 10_000, "A"), ("b", 30_000, "A"), ("c", 20_000, "B"), ("d", 0, "B"))]  # fmt: skip
    given = published(NOV) | signed(contract("a"), contract("c")) | {"decisions": lines}
    given |= {"draws": [drawn("a", 5_000, NOV), drawn("b", 3_000, NOV)], "repayments": [repaid("b", 3_000, TODAY)]}
    columns = "band, lines, limit_yuan, contracted_lines, drawn_lines, owing_lines, owed_yuan, use_share"
    found = warehouse_of(TODAY, **given).execute(f"SELECT {columns} FROM limit_use ORDER BY band").fetchall()
    assert found == [("A", 2, 40_000, 1, 2, 1, 5_000, 0.125), ("B", 1, 20_000, 1, 0, 0, 0, 0.0)]
