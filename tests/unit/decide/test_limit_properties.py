"""What holds of the limit whatever the household: household by household by hypothesis, and 200,000 in one table.

"All else fixed" is read with its product: §6 of the limit gives the follow-on loan to whoever has it open to them as
soon as it carries a yuan, and its limit may be below that of the farmers' line. The three cases at the end say where
the definition itself lets more of something lower a limit; the properties leave exactly these out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import SCHEMAS, UNIT, facts_of, reckoning_text
from tests.conftest import AS_OF
from tests.unit.decide.county import KINDS, NEVER_HIGHER, NEVER_LOWER, NEVER_OTHER, PARTS, changed, random_county
from village_credit.decide.decide import decide
from village_credit.policy.model import load_policy

Rows = dict[str, list[dict[str, Any]]]
TERMS = ("capacity_yuan", "band_yuan", "need_yuan", "headroom_yuan", "rise_yuan")
LIMITS = ("policy_limit_yuan", "allocated_yuan")  # what the terms leave; and what of it the screen lets through
STEP, TICKET, COUNT = 1_000, 5_000, 200_000
POLICY = load_policy(reckoning_text()).in_force(AS_OF, "659900")


def whole(table: pa.Table, column: str) -> np.ndarray:
    """A column of whole yuan; an empty cell becomes the largest number, which binds nothing."""
    return table.column(column).fill_null(np.iinfo(np.int64).max).to_numpy()


# --- 200,000 households in one table -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> tuple[pa.Table, pa.Table, np.ndarray]:
    """The waterfall of a county and of a copy with one change a household, in the same order; what was changed.

    The copy's rows stand in another order and its households bear other codes.
    """
    chance = np.random.default_rng(20)
    base = random_county(COUNT, 1)
    copy, done = changed(base, 2)
    plain, other = np.arange(COUNT), chance.permutation(COUNT)
    first, second = (
        decide(county.facts(codes, chance), lambda _, c=county, k=codes: c.scores(k), POLICY, AS_OF).waterfall
        for county, codes in ((base, plain), (copy, other))
    )
    return first, second.take(pa.array(other)), done


def test_no_limit_of_200_000_households_is_above_a_term_or_off_the_steps(many):
    for table in many[:2]:
        limit = whole(table, "policy_limit_yuan")
        is_known = table.column("binding_term").is_valid().to_numpy()
        assert {
            term: int((limit > whole(table, term))[is_known & (limit > 0)].sum()) for term in TERMS
        } == dict.fromkeys(TERMS, 0)
        assert not limit[~is_known].any()
        assert (limit % STEP == 0).all()
        assert ((limit == 0) | (limit >= TICKET)).all()
        given_out = whole(table, "allocated_yuan")
        assert ((given_out == 0) | (given_out == limit)).all()


def kept_product(first: pa.Table, second: pa.Table) -> np.ndarray:
    return first.column("product").to_numpy() == second.column("product").to_numpy()


def moved(many: tuple[pa.Table, pa.Table, np.ndarray], kinds: tuple[str, ...], way: int) -> dict[str, int]:
    """How many households of each kind moved up (1) or down (-1) in either figure, their product kept."""
    first, second, done = many
    steps = np.array([np.sign(whole(second, name) - whole(first, name)) for name in LIMITS])
    counts = Counter(done[kept_product(first, second) & (steps == way).any(axis=0)].tolist())
    return {kind: counts[kind] for kind in kinds}


def test_more_income_more_of_a_crop_and_a_lower_probability_never_lower_a_limit(many):
    assert moved(many, NEVER_LOWER, -1) == dict.fromkeys(NEVER_LOWER, 0)


def test_more_debt_more_credit_and_more_people_never_raise_a_limit(many):
    assert moved(many, NEVER_HIGHER, 1) == dict.fromkeys(NEVER_HIGHER, 0)


def test_sex_the_order_of_rows_and_a_household_s_code_change_no_figure_at_all(many):
    first, second, done = many
    same = pa.array(np.isin(done, NEVER_OTHER))
    assert first.drop(["unit_code"]).filter(same).equals(second.drop(["unit_code"]).filter(same))


def test_every_kind_of_change_is_frequent_and_moves_limits_where_it_should(many):
    done = Counter(many[2].tolist())
    assert {kind: done[kind] for kind in KINDS if done[kind] < 4_000} == {}
    up, down = moved(many, NEVER_LOWER, 1), moved(many, NEVER_HIGHER, -1)
    still = {kind for kind, count in {**up, **down}.items() if count < done[kind] / 50}
    assert still == {"transfer_income_yuan"}  # recognised at nought


def test_only_the_follow_on_loan_s_coming_and_going_changes_a_product(many):
    first, second, done = many
    switched = ~kept_product(first, second)
    pairs = zip(
        first.column("product").to_numpy()[switched], second.column("product").to_numpy()[switched], strict=True
    )
    assert {frozenset(pair) for pair in pairs} == {frozenset({"farmer_line", "follow_on_loan"})}
    assert switched.mean() < 0.01
    assert not switched[np.isin(done, NEVER_OTHER)].any()


def test_no_fact_that_the_limit_reads_is_a_name():
    columns = {column for table in SCHEMAS.values() for column in table}
    assert {column for column in columns if column.endswith("_name") and column != "product_name"} == set()


# --- one household and all that may happen to it -------------------------------------------------------------

MONEY = st.integers(0, 90_000_00).map(lambda fen: Decimal(fen) / 100)
AREAS = st.integers(0, 90_0000).map(lambda mu: Decimal(mu) / 10_000)
MAYBE = st.one_of(st.none(), MONEY)
BOOK = st.fixed_dictionaries(
    {
        "year": st.sampled_from([2023, 2024, 2025]),
        "persons": st.sampled_from([None, 2, 5]),
        "production_cost_yuan": MAYBE,
        "sheep": st.sampled_from([0, 100]),
        **dict.fromkeys(PARTS, MAYBE),
    }
)
LOAN = st.fixed_dictionaries(
    {
        "product_name": st.sampled_from(["个人消费贷款", "农贷通"]),
        "credit_yuan": MONEY,
        "balance_yuan": MONEY,
        "guarantee": st.sampled_from([None, "信用", "抵押"]),
        "due_on": st.sampled_from([None, date(2026, 11, 1), date(2028, 11, 2)]),
    }
)
CROP = st.fixed_dictionaries(
    {"year": st.just(2026), "crop": st.sampled_from(["棉花", "玉米", "油葵"]), "area_mu": AREAS, "delivered_kg": MAYBE}
)
HOUSEHOLD = st.fixed_dictionaries(
    {
        "books": st.lists(BOOK, max_size=3, unique_by=lambda row: row["year"]),
        "crops": st.lists(CROP, max_size=2, unique_by=lambda row: row["crop"]),
        "exposures": st.lists(LOAN, max_size=2),
        "parcels": AREAS.map(lambda mu: [{"method_code": "110", "area_mu": mu}]),
        "subsidies": st.just([]),
        "rise_bases": st.sampled_from([[], [{"product": "farmer_line", "base_yuan": 20_000}]]),
        "in_force": st.sampled_from(
            [
                [],
                [
                    {
                        "product": "farmer_line",
                        "limit_yuan": 20_000,
                        "term_months": 36,
                        "valid_from": date(2025, 6, 1),
                        "valid_to": date(2028, 5, 31),
                    }
                ],
            ]
        ),
        "monitored": st.sampled_from([[], [{"household_type": "脱贫户"}]]),
    }
)


def with_row(rows: Rows, table: str, number: int, **changes: Any) -> Rows:
    return {**rows, table: [{**row, **changes} if n == number else row for n, row in enumerate(rows[table])]}


def higher(rows: Rows, more: Decimal) -> Iterator[tuple[str, Rows]]:
    """Everything that may not lower the limit, one at a time."""
    for number, row in enumerate(rows["books"]):
        shared = sum(row[part] or 0 for part in PARTS if part.startswith(("planting", "livestock", "trade")))
        for part in PARTS:
            fits = part != "planting_income_yuan" or shared >= (row["production_cost_yuan"] or 0)
            if row[part] is not None and fits:
                yield f"never lower: {part}", with_row(rows, "books", number, **{part: row[part] + more})
    room = rows["parcels"][0]["area_mu"] - sum(row["area_mu"] for row in rows["crops"])
    for number, row in enumerate(rows["crops"]):
        if row["crop"] != "油葵" and row["delivered_kg"] is None and room > 0:
            yield "never lower: a crop", with_row(rows, "crops", number, area_mu=row["area_mu"] + room)


def lower(rows: Rows, more: Decimal) -> Iterator[tuple[str, Rows]]:
    """Everything that may not raise the limit, one at a time."""
    for number, row in enumerate(rows["exposures"]):
        for figure in ("credit_yuan", "balance_yuan"):
            changes = {figure: row[figure] + more}
            yield f"never higher: {figure}", with_row(rows, "exposures", number, **changes)
    loan = {"product_name": "个人消费贷款", "credit_yuan": more, "balance_yuan": more}
    yield "never higher: a loan", {**rows, "exposures": [*rows["exposures"], loan]}
    for number, row in enumerate(rows["books"]):
        if row["persons"] is not None:
            persons = row["persons"] + 3
            yield "never higher: persons", with_row(rows, "books", number, persons=persons)


def other(rows: Rows) -> Iterator[tuple[str, Rows]]:
    yield "same: order", {name: part[::-1] for name, part in rows.items()}
    woman = {"member_no": 1, "relation": "head", "sex": 2, "birth_date": date(1980, 5, 4)}
    yield ("same: sex", {**rows, "members": [{**woman, "is_living": True, "is_resident": True, "has_valid_id": True}]})


def waterfall(variants: list[Rows], ppms: list[int]) -> list[dict[str, Any]]:
    """Decide every variant as a household of its own, all in one table."""
    units = [f"{UNIT[:-3]}{number:03d}" for number in range(len(variants))]
    scored = {"points": pa.array([600] * len(units), pa.int64()), "default_probability_ppm": pa.array(ppms, pa.int64())}
    joined = facts_of(dict(zip(units, variants, strict=True)))
    return decide(joined, lambda _: pa.table({"unit_code": units, **scored}), POLICY, AS_OF).waterfall.to_pylist()


PPM, MORE = st.integers(1, 200_000), st.integers(1, 60_000_00).map(lambda fen: Decimal(fen) / 100)
TRIED = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow]
)


def all_that_may_happen(rows: Rows, ppm: int, more: Decimal) -> list[tuple[str, Rows, int]]:
    """The household as it is, and every change of it: the change's name, the rows, the probability."""
    better = sorted({ppm // 2, 10_000, 30_000, 60_000, 100_000} & set(range(ppm)))
    changed_rows = [("base", rows), *higher(rows, more), *lower(rows, more), *other(rows)]
    return [(name, variant, ppm) for name, variant in changed_rows] + [
        ("never lower: probability", rows, less) for less in better
    ]


@TRIED
@given(st.lists(st.tuples(HOUSEHOLD, PPM, MORE), min_size=5, max_size=6))
def test_all_that_may_happen_to_a_household_moves_its_limit_the_right_way(households):
    told = [all_that_may_happen(*household) for household in households]
    every = [one for each in told for one in each]
    rows = iter(waterfall([variant for _, variant, _ in every], [ppm for *_, ppm in every]))
    for each in told:
        base = next(rows)
        moved_rightly("base", base, base)
        for name, *_ in each[1:]:
            moved_rightly(name, base, next(rows))


def moved_rightly(name: str, base: dict[str, Any], row: dict[str, Any]) -> None:
    for figure in LIMITS:
        signs = {"never lower": row[figure] >= base[figure], "never higher": row[figure] <= base[figure]}
        assert signs.get(name.split(":", maxsplit=1)[0], row[figure] == base[figure]), (name, figure)
    limit = row["policy_limit_yuan"]
    assert limit % STEP == 0
    assert limit == 0 or all(row[term] is None or limit <= row[term] for term in TERMS)


# --- where the definition lets more lower a limit ------------------------------------------------------------


def book(**changes: Any) -> dict[str, Any]:
    return {"year": 2025, "persons": 2, **changes}


def test_planting_income_of_a_year_that_does_not_pay_its_costs_takes_more_of_the_costs_with_it():
    """§2: the year's cost is shared out by planting income, and a year's loss lowers the mean of three."""
    good = [
        book(year=year, planting_income_yuan=Decimal(60_000), production_cost_yuan=Decimal(0)) for year in (2023, 2024)
    ]
    incomes = [
        [
            *good,
            book(
                planting_income_yuan=Decimal(planted),
                livestock_income_yuan=Decimal(10_000),
                production_cost_yuan=Decimal(60_000),
            ),
        ]
        for planted in (1_000, 10_000)
    ]
    less, more = waterfall([{"books": books} for books in incomes], [10_000] * 2)
    # 1,000 - 60,000 x 1/11 = -4,454.55; 10,000 - 60,000 x 10/20 = -20,000
    assert (less["book_crop_yuan"], more["book_crop_yuan"]) == (Decimal("38515.15"), Decimal("33333.33"))
    assert less["policy_limit_yuan"] > more["policy_limit_yuan"]


def test_the_first_yuan_of_free_income_may_bring_the_follow_on_loan_and_a_lower_limit():
    """§6: the follow-on loan applies as soon as its capacity is above 0; it counts no harvest that pays itself back."""
    repaid = {
        "product_name": "脱贫人口小额信贷",
        "days_overdue": 0,
        "cutoff_on": date(2026, 10, 1),
        "settled_on": date(2026, 1, 1),
    }
    wages = [[book(persons=6, wage_income_yuan=Decimal(yuan))] for yuan in (8_500, 8_600)]
    less, more = waterfall([{"books": books, "conducts": [repaid]} for books in wages], [10_000] * 2)
    # 60 mu x 788.70 + 0.8 x 0.6 x wages, seven tenths of it, less six persons' 36,000: -19 and 15 yuan
    assert (less["product"], less["free_service_yuan"], less["policy_limit_yuan"]) == ("farmer_line", 0, 29_000)
    assert (more["product"], more["free_service_yuan"], more["policy_limit_yuan"]) == ("follow_on_loan", 15, 0)


def test_more_of_one_crop_crowds_a_better_one_out_and_spreads_a_delivery_over_more_land():
    """§1 scales crops to the land; §2 takes the year's cost of every mu from what was delivered."""
    maize = {"year": 2026, "crop": "玉米", "area_mu": Decimal(30)}
    crowded = [[maize, {"year": 2026, "crop": "小麦", "area_mu": Decimal(mu)}] for mu in (30, 60)]
    delivered = [[{**maize, "area_mu": Decimal(mu), "delivered_kg": Decimal(20_000)}] for mu in (30, 60)]
    rows = waterfall([{"books": [], "crops": crops} for crops in (*crowded, *delivered)], [10_000] * 4)
    incomes = [row["income_yuan"] for row in rows]
    assert incomes[0] > incomes[1]
    assert incomes[2] > incomes[3]
