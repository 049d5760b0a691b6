"""Figures by month at their borders: sizes of contracts, growth, months' ends, relief's fen, a leap day's draw."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.unit.publish.figures import COUNTY, PRODUCT, VILLAGE, Rows, drawn, line, merged, published, warehouse_of

NOV = date(2026, 11, 1)


def statistics(columns: str, last_day: date, product: str = "all", level: str = "county", **given: Rows) -> list[Any]:
    asked = f"SELECT month, {columns} FROM statistics WHERE level = $level AND product = $product ORDER BY month"
    values = {"level": level, "product": product}
    return warehouse_of(last_day, **given).execute(asked, values).fetchall()


def test_before_the_first_publication_there_is_no_row():
    connection = warehouse_of(date(2026, 11, 5))
    for view in ("statistics", "funnel", "branches", "campaigns"):
        assert connection.execute(f"SELECT count(*) FROM {view}").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("limit", "sizes"),
    [
        (1, (1, 0, 0)), (100_000, (1, 0, 0)), (100_001, (0, 1, 0)), (199_999, (0, 1, 0)), (200_000, (0, 0, 1)),
        (200_001, (0, 0, 1)),
    ],
)  # fmt: skip
def test_contracts_fall_into_three_sizes(limit: int, sizes: tuple[int, int, int]):
    contract = {"contract_key": "c", "household_key": "h", "product": PRODUCT, "signed_on": date(2026, 11, 9)}
    given = published(NOV) | {
        "decisions": [line("h", limit)],
        "contracts": [contract | {"county_code": COUNTY, "filename": f"u{'0' * 24}/contracts.parquet"}],
        "returned": [{"record": f"u{'0' * 24}", "act": 4}],
    }
    names = "contracts, contracts_to_100k, contracts_to_200k, contracts_from_200k"
    assert statistics(names, date(2026, 12, 1), **given) == [("2026-11", 1, *sizes), ("2026-12", 1, *sizes)]
    # one that was signed on a day that has not come counts from that day on
    assert statistics(names, date(2026, 11, 8), **given) == [("2026-11", 0, 0, 0, 0)]


def test_a_contract_is_of_whom_it_was_told_last():
    told = [
        {"contract_key": "c", "household_key": key, "product": PRODUCT, "signed_on": NOV, "county_code": COUNTY}
        | {"filename": f"/x/u{number:024}/contracts.parquet"}
        for number, key in ((1, "b"), (2, "a"))
    ]
    given = published(NOV) | {
        "decisions": [line("a", 5_000), line("b", 150_000)],
        "contracts": told,
        "returned": [{"record": f"u{1:024}", "act": 9}, {"record": f"u{2:024}", "act": 7}],
    }
    found = statistics("contracts, contracts_to_100k, contracts_to_200k", date(2026, 11, 8), **given)
    assert found == [("2026-11", 1, 0, 1)]  # act 9 says b


def test_growth_is_on_the_same_month_and_null_on_nothing():
    given = merged(
        published(NOV, until_on=date(2026, 12, 10)),
        published(date(2026, 12, 10), "r2", number=2, until_on=date(2027, 11, 5)),
        published(date(2027, 11, 5), "r3", number=3),
    )
    given["decisions"] = [
        line(key, limit, run_id)
        for run_id, *limits in (("r1", 0, 40_000), ("r2", 10_000, 40_000), ("r3", 20_000, 40_000))
        for key, limit in zip("ab", limits, strict=True)
    ]
    found = statistics("in_force_yuan, year_before_yuan, growth_share", date(2027, 12, 3), **given)
    assert found[:2] == [("2026-11", 40_000, None, None), ("2026-12", 50_000, None, None)]
    assert found[-2:] == [("2027-11", 60_000, 40_000, 0.5), ("2027-12", 60_000, 50_000, pytest.approx(0.2))]
    nothing = given | {"decisions": [line("a", 0), line("b", 0), line("a", 30_000, "r3")]}
    assert statistics("growth_share", date(2027, 11, 30), **nothing)[-1] == ("2027-11", None)


def test_of_a_month_s_last_day_the_last_publication_counts():
    given = merged(published(NOV, until_on=date(2026, 11, 30)), published(date(2026, 11, 30), "r2", number=2))
    given["decisions"] = [line("a", 40_000), line("a", 30_000, "r2")]
    names = "households, credited_households, newly_credited_households, in_force_yuan"
    assert statistics(names, date(2026, 12, 1), **given) == [("2026-11", 1, 1, 1, 30_000), ("2026-12", 1, 1, 0, 30_000)]


def test_a_draw_of_a_month_s_last_day_is_that_month_s():
    draws = [drawn("a", 700, date(2026, 11, 30)), drawn("a", 50, date(2026, 12, 1)), drawn("a", 3, date(2027, 1, 1))]
    paid = {"contract_key": "ca", "household_key": "a", "product": PRODUCT, "amount_yuan": 100}
    given = published(NOV) | {
        "decisions": [line("a", 40_000)],
        "draws": draws,
        "repayments": [paid | {"paid_on": date(2026, 12, 31)}],
    }
    found = statistics("drawn_yuan, drawn_in_month_yuan", date(2026, 12, 31), **given)
    assert found == [("2026-11", 700, 700), ("2026-12", 650, 50)]
    # of the month under way what is to come does not count yet
    assert statistics("drawn_yuan", date(2026, 12, 15), **given)[-1] == ("2026-12", 750)


def test_a_village_that_delivered_nothing_is_among_the_villages():
    given = published(NOV) | {"decisions": [line("a", 40_000)]}
    empty = {"level": "village", "place_code": f"{COUNTY}101201", "within_code": f"{COUNTY}101", "run_id": "r1"}
    given["places"] = [*given["places"], empty]
    names = "villages, villages_covered, households, coverage"
    assert statistics(names, NOV, **given) == [("2026-11", 2, 1, 1, 1.0)]
    villages = statistics(f"place_code, {names}", NOV, level="village", **given)
    assert sorted(villages) == [("2026-11", VILLAGE, 1, 1, 1, 1.0), ("2026-11", f"{COUNTY}101201", 1, 0, 0, None)]


def test_a_household_of_no_village_counts_in_its_county_and_is_no_village():
    given = published(NOV) | {"decisions": [line("t", 5_000, village_code=f"{COUNTY}000000")]}
    assert statistics("villages, villages_covered, credited_households", NOV, **given) == [("2026-11", 1, 0, 1)]


def test_interest_of_rate_cuts_is_reckoned_by_the_loan_to_the_fen():
    window = {"household_key": "a", "document": "d", "starts_on": date(2026, 11, 21), "ends_on": date(2027, 1, 31)}
    cut = {"household_key": "a", "document": "d", "measure": "rate_cut", "rate_cut_bp": 50, "run_id": "r1"}
    given = published(NOV) | {
        "decisions": [line("a", 40_000), line("b", 40_000)],
        "relief": [window | {"run_id": "r1"}],
        "relief_measures": [
            cut | {"balance_yuan": 10_000},
            cut | {"balance_yuan": 333},
            cut | {"measure": "extension", "rate_cut_bp": None, "balance_yuan": 10_000},
        ],
    }
    found = statistics("relief_offered_households, relief_interest_yuan", date(2027, 2, 10), **given)
    each = [round(yuan * 50 * days / 3_650_000, 2) for yuan in (10_000, 333) for days in (10, 31)]
    assert [(month, count, float(yuan)) for month, count, yuan in found] == [
        ("2026-11", 1, pytest.approx(each[0] + each[2])),
        ("2026-12", 1, pytest.approx(each[1] + each[3])),
        ("2027-01", 1, pytest.approx(each[1] + each[3])),
        ("2027-02", 0, 0),
    ]


def test_a_limit_that_relief_keeps_counts_where_its_line_stands():
    given = published(NOV) | {
        "decisions": [line("a", 40_000), line("b", 40_000)],
        "relief_kept": [{"household_key": "a", "product": PRODUCT, "kept_limit_yuan": 40_000, "run_id": "r1"}],
    }
    for product in ("all", PRODUCT):
        assert statistics("relief_kept_households", NOV, product=product, **given) == [("2026-11", 1)]


def test_a_trader_is_answered_in_the_month_of_the_first_decision_and_waits_until_then():
    asked = {"county_code": COUNTY, "referral_batch": "1", "decision_days": 3, "draw_days": 5, "run_id": "r1"}
    days = [date(2026, 11, 1) + timedelta(days) for days in range(60)]
    given = published(date(2026, 12, 1)) | {
        "decisions": [line("a", 40_000, product="trader_loan"), line("b", 0, product="trader_loan")],
        "working_calendar": [{"day": day, "working_days": number} for number, day in enumerate(days)],
        "referrals": [
            asked | {"household_key": "a", "referred_on": date(2026, 12, 1), "decision": "granted"},
            asked | {"household_key": "b", "referred_on": date(2026, 11, 20), "decision": "declined"},
            asked | {"household_key": "c", "referred_on": date(2026, 12, 1), "decision": "manual_review"},
        ],
    }
    given["decisions"].append(line("c", 0, product="trader_loan", decision="manual_review"))
    found = statistics("traders_answered, traders_in_time, traders_waiting", date(2027, 1, 3), **given)
    assert found == [("2026-12", 2, 1, 1), ("2027-01", 0, 0, 1)]


def test_a_draw_of_29_february_is_told_beside_no_day_and_counts_in_the_sums_after_it():
    plan = {"county_code": COUNTY, "campaign": "春耕", "starts_on": date(2029, 2, 1), "ends_on": date(2029, 3, 31)}
    given = published(date(2027, 11, 1)) | {
        "decisions": [line("a", 40_000)],
        "campaign_plans": [plan | {"planned_yuan": 9_000, "purposes": ["seed"], "unread_purposes": 0, "run_id": "r1"}],
        "draws": [drawn("a", 70, date(2028, 2, 29)), drawn("a", 8, date(2028, 3, 1)), drawn("a", 1, date(2029, 2, 28))],
    }
    names = "drawn_to_date_yuan, year_before_yuan, year_before_to_date_yuan"
    asked = f"SELECT day, {names} FROM campaigns WHERE purpose = 'seed' AND day BETWEEN '2029-02-28' AND '2029-03-01'"
    found = warehouse_of(date(2029, 3, 5), **given).execute(f"{asked} ORDER BY day").fetchall()
    assert found == [(date(2029, 2, 28), 1, 0, 0), (date(2029, 3, 1), 1, 8, 78)]


def test_a_plan_with_a_word_that_nobody_reads_counts_every_draw_and_divides_nothing():
    plan = {"county_code": COUNTY, "campaign": "春耕", "starts_on": NOV, "ends_on": date(2026, 11, 30)}
    given = published(NOV) | {
        "decisions": [line("a", 40_000)],
        "campaign_plans": [plan | {"planned_yuan": 9_000, "purposes": ["seed"], "unread_purposes": 1, "run_id": "r1"}],
        "draws": [drawn("a", 70, date(2026, 11, 2)), drawn("a", 8, date(2026, 11, 3), None)],
    }
    asked = "SELECT purpose, is_planned, planned_yuan, drawn_to_date_yuan FROM campaigns WHERE day = '2026-11-04'"
    found = warehouse_of(date(2026, 11, 4), **given).execute(f"{asked} ORDER BY purpose").fetchall()
    assert found == [("all", True, 9_000, 78), ("not_told", None, None, 8), ("seed", True, None, 70)]


def test_a_campaign_that_a_later_run_has_is_told_as_that_run_has_it():
    plan = {"county_code": COUNTY, "campaign": "春耕", "ends_on": date(2026, 11, 30), "purposes": ["seed"]}
    given = merged(published(NOV, until_on=date(2026, 11, 3)), published(date(2026, 11, 3), "r2", number=2))
    given["decisions"] = [line("a", 40_000, run_id) for run_id in ("r1", "r2")]
    given["campaign_plans"] = [
        plan | {"starts_on": NOV, "planned_yuan": 1, "unread_purposes": 0, "run_id": "r1"},
        plan | {"starts_on": date(2026, 11, 2), "planned_yuan": 2, "unread_purposes": 0, "run_id": "r2"},
    ]
    asked = "SELECT DISTINCT starts_on, planned_yuan FROM campaigns WHERE purpose = 'all'"
    assert warehouse_of(date(2026, 11, 4), **given).execute(asked).fetchall() == [(date(2026, 11, 2), 2)]


def test_of_two_plans_whose_days_overlap_each_counts_the_draws_of_both():
    plan = {"county_code": COUNTY, "purposes": ["seed"], "unread_purposes": 0, "run_id": "r1"}
    spring, again = ({**plan, "campaign": name} for name in ("春耕", "补种"))
    given = published(NOV) | {
        "decisions": [line("a", 40_000)],
        "draws": [drawn("a", 10, date(2026, 11, 2)), drawn("a", 500, date(2026, 11, 6))],
        "campaign_plans": [
            spring | {"starts_on": NOV, "ends_on": date(2026, 11, 7), "planned_yuan": 1_000},
            again | {"starts_on": date(2026, 11, 5), "ends_on": date(2026, 11, 9), "planned_yuan": 2_000},
            again | {"starts_on": date(2026, 11, 8), "ends_on": date(2026, 11, 9), "planned_yuan": 3_000},
        ],
    }
    asked = """
        SELECT campaign, starts_on, planned_yuan, drawn_to_date_yuan FROM campaigns WHERE purpose = 'all'
        QUALIFY day = max(day) OVER (PARTITION BY campaign, starts_on) ORDER BY starts_on
    """
    assert warehouse_of(date(2026, 11, 30), **given).execute(asked).fetchall() == [
        ("春耕", NOV, 1_000, 510), ("补种", date(2026, 11, 5), 2_000, 500), ("补种", date(2026, 11, 8), 3_000, 0),
    ]  # fmt: skip


def test_what_a_household_owes_stands_where_it_lives_at_each_month_s_end():
    """By the last publication until then; before the first by that one, and after a move where it has moved."""
    given = merged(published(NOV, until_on=date(2027, 1, 10)), published(date(2027, 1, 10), "r2", number=2))
    other = VILLAGE[:-1] + "2"
    given["places"].append({**given["places"][0], "place_code": other, "run_id": "r2"})
    given["decisions"] = [line("a", 40_000), line("a", 40_000, "r2", village_code=other)]
    given["draws"] = [drawn("a", 100, date(2026, 10, 20)), drawn("a", 30, date(2027, 1, 5))]
    asked = """
        SELECT month, place_code, drawn_households, drawn_yuan, drawn_in_month_yuan FROM statistics
        WHERE level = 'village' AND product = $product AND drawn_yuan > 0 ORDER BY month
    """
    for product in ("all", PRODUCT):
        found = warehouse_of(date(2027, 2, 3), **given).execute(asked, {"product": product}).fetchall()
        assert found == [
            ("2026-11", VILLAGE, 1, 100, 0), ("2026-12", VILLAGE, 1, 100, 0), ("2027-01", other, 1, 130, 30),
            ("2027-02", other, 1, 130, 0),
        ]  # fmt: skip
