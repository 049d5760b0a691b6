"""What must hold of limits whatever the household: better bands, order, boundaries, budgets."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import UNIT, facts, scores
from tests.conftest import MODELS
from village_credit.decide.budgets import allocate, step_value
from village_credit.decide.decide import decide
from village_credit.policy.model import Figure, Policy, PolicyInForce, load_policy

AS_OF = date(2026, 11, 1)
POLICY = load_policy((MODELS / "limit_policy.toml").read_text(encoding="utf-8"))
IN_FORCE = POLICY.in_force(AS_OF, "659900")


def limit(ppm: int, **changes) -> dict:
    (row,) = decide(facts(**changes), lambda _: scores(ppm), IN_FORCE, AS_OF).decisions.to_pylist()
    return row


def limits(*ppms: int) -> list[dict]:
    """What households that differ in nothing but their probability are given, in their order."""
    units = [f"{UNIT[:-3]}{number:03d}" for number in range(len(ppms))]
    scored = pa.table(
        {
            "unit_code": units,
            "points": pa.array([600] * len(ppms), pa.int64()),
            "default_probability_ppm": pa.array(ppms, pa.int64()),
        }
    )
    return decide(facts(units), lambda _: scored, IN_FORCE, AS_OF).decisions.to_pylist()


def test_a_band_begins_at_its_edge():
    edges = {19_999: "A", 20_000: "B", 39_999: "B", 40_000: "C", 79_999: "C", 80_000: "D", 149_999: "D", 150_000: "E"}
    assert dict(zip(edges, [row["band"] for row in limits(*edges)], strict=True)) == edges


def test_a_better_band_never_has_a_lower_limit_or_a_dearer_rate():
    rows = limits(10_000, 30_000, 60_000, 100_000, 200_000)
    for better, worse in itertools.pairwise(rows):
        assert better["limit_yuan"] >= worse["limit_yuan"]
        assert better["rate_spread_bp"] <= worse["rate_spread_bp"]


@pytest.mark.parametrize(("applied", "expected"), [("4999.99", 0), ("5000", 5000), ("5999.99", 5000), ("6000", 6000)])
def test_the_smallest_ticket_and_the_step_are_met_from_below(applied, expected):
    row = limit(
        30_000, traders=[{"applied_yuan": Decimal(applied), "industry": "零售业", "referred_on": date(2026, 10, 1)}]
    )
    assert row["limit_yuan"] == expected
    assert (row["reason_codes"] == []) == (expected > 0)


def test_no_limit_depends_on_the_order_of_rows():
    units = [UNIT[:-1] + str(number) for number in range(1, 8)]
    tables = facts(units)
    turned = {name: table.take(pa.array(range(table.num_rows)[::-1], pa.int64())) for name, table in tables.items()}
    first = decide(tables, lambda _: scores(30_000, units), IN_FORCE, AS_OF)
    second = decide(turned, lambda _: scores(30_000, units), IN_FORCE, AS_OF)
    assert first.decisions.equals(second.decisions)
    assert first.waterfall.equals(second.waterfall)


def budgeted(**caps: int) -> PolicyInForce:
    figures = [
        Figure.model_validate(
            {
                "name": f"budget_{k}",
                "value": Decimal(v),
                "unit": "yuan",
                "from": date(2024, 1, 1),
                "reference": "x",
                "verified": False,
            }
        )
        for k, v in caps.items()
    ]
    policy: Policy = POLICY.model_copy(update={"figures": [*POLICY.figures, *figures]})
    return policy.in_force(AS_OF, "659900")


def asked(rows: list[tuple[int, int, int]]) -> pa.Table:
    """Households of (village, ppm, limit in thousands)."""
    return pa.table(
        {
            "unit_code": [f"u{index:03d}" for index in range(len(rows))],
            "product": ["farmer_line"] * len(rows),
            "township_code": [f"t{village // 2}" for village, _, _ in rows],
            "village_code": [f"v{village}" for village, _, _ in rows],
            "ppm": pa.array([ppm for _, ppm, _ in rows], pa.int64()),
            "policy_limit": pa.array([thousand * 1000 for _, _, thousand in rows], pa.int64()),
        }
    )


HOUSEHOLDS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([10_000, 30_000, 60_000]), st.integers(5, 12)), min_size=1, max_size=12
)


@given(HOUSEHOLDS, st.integers(0, 60), st.integers(0, 90), st.integers(0, 120))
@settings(max_examples=200, deadline=None)
def test_no_budget_is_ever_exceeded_and_tickets_come_first(rows, village, township, county):
    table = asked(rows)
    given_out = allocate(
        table, budgeted(village=village * 1000, township=township * 1000, county=county * 1000)
    ).to_pylist()
    by_place: dict[str, int] = {}
    for row, out in zip(table.to_pylist(), given_out, strict=True):
        assert out["amount"] == 0 or 5000 <= out["amount"] <= row["policy_limit"]
        for place in (row["village_code"], row["township_code"], "county"):
            by_place[place] = by_place.get(place, 0) + out["amount"]
    caps = {"v": village, "t": township, "c": county}
    assert all(total <= caps[place[0]] * 1000 for place, total in by_place.items())


@given(HOUSEHOLDS, st.integers(10, 100))
@settings(max_examples=100, deadline=None)
def test_a_larger_budget_never_grants_fewer_households(rows, county):
    table = asked(rows)
    small, large = (
        allocate(table, budgeted(county=cap * 1000)).column("amount").to_pylist() for cap in (county, county + 5)
    )
    assert sum(amount > 0 for amount in large) >= sum(amount > 0 for amount in small)
    assert sum(large) >= sum(small)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([10_000, 30_000]), st.integers(5, 7)), min_size=1, max_size=4
    ),
    st.integers(10, 25),
    st.integers(10, 30),
)
@settings(max_examples=60, deadline=None)
def test_the_allocation_is_worth_as_much_as_the_best_of_all_possible_ones(rows, village, county):
    """Given the same tickets, no other way to fill the steps under nested caps is worth more."""
    table = asked(rows)
    policy = budgeted(village=village * 1000, county=county * 1000)
    amounts = allocate(table, policy).column("amount").to_pylist()
    worth = [step_value(policy, "farmer_line", ppm) for _, ppm, _ in rows]
    choices = [
        range(5000, limit * 1000 + 1, 1000) if amount else (0,)
        for (_, _, limit), amount in zip(rows, amounts, strict=True)
    ]

    def fits(chosen: tuple[int, ...]) -> bool:
        villages = {v: sum(c for c, (w, _, _) in zip(chosen, rows, strict=True) if w == v) for v in (0, 1)}
        return sum(chosen) <= county * 1000 and all(total <= village * 1000 for total in villages.values())

    best = max(
        sum(w * c for w, c in zip(worth, chosen, strict=True)) for chosen in itertools.product(*choices) if fits(chosen)
    )
    assert sum(w * a for w, a in zip(worth, amounts, strict=True)) == best


def test_without_a_cap_the_budget_is_said_not_to_bind():
    assert set(allocate(asked([(0, 10_000, 9)]), IN_FORCE).column("budget_state").to_pylist()) == {"not_binding"}


@pytest.mark.parametrize(("ends", "kept"), [(date(2026, 11, 1), True), (date(2026, 10, 31), False)])
def test_a_line_keeps_its_term_until_its_last_day(ends, kept):
    line = {
        "product": "farmer_line",
        "limit_yuan": 10000,
        "term_months": 36,
        "valid_from": date(2023, 11, 2),
        "valid_to": ends,
    }
    row = limit(30_000, in_force=[line], rise_bases=[{"product": "farmer_line", "base_yuan": 10_000}])
    assert row["limit_yuan"] == 15_000
    assert (row["valid_to"] == ends) == kept


def test_a_household_in_review_has_limit_nought_whatever_it_has_drawn():
    drawn = {
        "product_name": "农贷通",
        "credit_yuan": Decimal(40000),
        "balance_yuan": Decimal(25000),
        "loan_class": "正常",
        "guarantee": "信用",
        "due_on": date(2028, 6, 1),
    }
    row = limit(
        30_000, exposures=[drawn], objections=[{"objection_type": "拒绝自动化决策", "registered_on": date(2026, 10, 1)}]
    )
    assert (row["decision"], row["limit_yuan"], row["reason_codes"]) == ("manual_review", 0, ["OBJECTION"])


def test_a_loss_in_the_book_s_crops_counts_as_nothing_and_not_against_wages():
    books = [
        {
            "year": y,
            "planting_income_yuan": Decimal(1000),
            "production_cost_yuan": Decimal(90000),
            "wage_income_yuan": Decimal(30000),
        }
        for y in (2023, 2024, 2025)
    ]
    (row,) = decide(facts(books=books), lambda _: scores(30_000), IN_FORCE, AS_OF).waterfall.to_pylist()
    assert (row["crop_income_yuan"], row["income_yuan"]) == (Decimal("0.000000"), 18_000)


def test_a_trader_on_no_register_is_held_by_the_county_s_budget_only():
    table = asked([(0, 10_000, 9), (0, 10_000, 9)])
    nowhere = {"village_code": "659900000000", "township_code": "659900000"}
    for name, code in nowhere.items():
        table = table.set_column(table.schema.get_field_index(name), name, pa.array([code, code]))
    assert allocate(table, budgeted(village=5000, township=5000)).column("amount").to_pylist() == [9000, 9000]
    assert allocate(table, budgeted(village=5000, county=14000)).column("amount").to_pylist() == [9000, 5000]


@pytest.mark.parametrize(
    ("cap", "amounts"), [(4999, [0, 0]), (5000, [5000, 0]), (10000, [5000, 5000]), (12500, [7000, 5000])]
)
def test_tickets_go_first_then_steps_by_value(cap, amounts):
    assert (
        allocate(asked([(0, 10_000, 9), (0, 30_000, 9)]), budgeted(village=cap)).column("amount").to_pylist() == amounts
    )


def test_a_household_without_a_ticket_is_declined_for_the_budget_and_one_cut_is_bound_by_it():
    units = [UNIT[:-1] + str(number) for number in range(1, 4)]
    policy = budgeted(village=70_000)
    decided = decide(facts(units), lambda _: scores(30_000, units), policy, AS_OF)
    full = decide(facts(units), lambda _: scores(30_000, units), IN_FORCE, AS_OF).decisions.to_pylist()[0]
    limits = decided.decisions.column("limit_yuan").to_pylist()
    assert sum(limits) == 70_000
    assert limits == sorted(limits, reverse=True)
    assert {r["binding_term"] for r in decided.decisions.to_pylist() if r["limit_yuan"] < full["limit_yuan"]} == {
        "budget"
    }
    none = decide(facts(units), lambda _: scores(30_000, units), budgeted(village=9_999), AS_OF).decisions.to_pylist()
    assert [row["reason_codes"] for row in none] == [[], ["BUDGET_EXHAUSTED"], ["BUDGET_EXHAUSTED"]]
    assert [row["decision"] for row in none] == ["granted", "declined", "declined"]
