"""Budgets against an exact solver, and the committee's other choice, pro rata, against plain fractions."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.builders import UNIT, facts, scores
from tests.conftest import AS_OF, MODELS
from village_credit.decide.budgets import allocate, step_value
from village_credit.decide.decide import decide
from village_credit.errors import PolicyRefused
from village_credit.policy.check import check_policy
from village_credit.policy.model import Figure, PolicyInForce, load_policy

TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
SHIPPED = load_policy(TEXT)
TICKET, STEP = 5_000, 1_000
NOWHERE = "659900000000"
LEVELS = ("village", "township", "county")
PRODUCTS = ("farmer_line", "follow_on_loan")
MARGINS = {"farmer_line": 350, "follow_on_loan": 410}


def figure(name: str, value: int, **keys: str) -> Figure:
    words = {"unit": "yuan", "from": date(2025, 1, 1), "reference": "x", "verified": False}
    return Figure.model_validate({"name": name, "value": Decimal(value), **words, **keys})


def budgeted(rule: str = "value", ticket: int = TICKET, **caps: int) -> PolicyInForce:
    """The shipped policy with two margins, a ticket and caps, all in yuan."""
    changed = [
        *(figure("margin_bp", bp, product=product) for product, bp in MARGINS.items()),
        *(figure(f"budget_{level}", cap) for level, cap in caps.items()),
        figure("smallest_ticket", ticket),
    ]
    update = {"figures": [*SHIPPED.figures, *changed], "budget_rule": rule}
    return SHIPPED.model_copy(update=update).in_force(AS_OF, "659900")


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """Households of village (a number, none for nowhere), ppm, thousands of yuan; two villages a township."""
    return pa.Table.from_pylist(
        [
            {
                "unit_code": f"u{number:05d}",
                "product": row.get("product", "farmer_line"),
                "township_code": NOWHERE[:9] if row["village"] is None else f"6599001{row['village'] // 2:02d}",
                "village_code": NOWHERE
                if row["village"] is None
                else f"6599001{row['village'] // 2:02d}2{row['village']:02d}",
                "ppm": row["ppm"],
                "policy_limit": row["thousands"] * 1_000,
            }
            for number, row in enumerate(rows)
        ]
    )


def asked(*rows: tuple[int | None, int, int]) -> pa.Table:
    return table([{"village": v, "ppm": ppm, "thousands": k} for v, ppm, k in rows])


def amounts_of(granted: pa.Table, policy: PolicyInForce) -> list[int]:
    return allocate(granted, policy).column("amount").to_pylist()


def places(granted: pa.Table, caps: dict[str, int]) -> Iterator[tuple[str, int, list[int]]]:
    """Each place that a cap holds, villages first: level, cap, its households' positions."""
    for level, cap in sorted(caps.items(), key=lambda named: LEVELS.index(named[0])):
        members: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(granted.to_pylist()):
            code = "county" if level == "county" else row[f"{level}_code"]
            if level == "county" or not code.endswith("000000" if level == "village" else "000"):
                members[code].append(number)
        yield from ((level, cap, found) for found in members.values())


# --- by value, against an exact solver -----------------------------------------------------------------------


def instance(seed: int) -> tuple[pa.Table, dict[str, int]]:
    """A random county of 1 to 25 households under some of three caps; few probabilities, so ties abound."""
    chance = random.Random(seed)
    rows = [
        {
            "village": chance.choice([None, *range(6)]),
            "product": chance.choice(PRODUCTS),
            "ppm": chance.choice([10_000, 10_000, 30_000, 60_000, 100_000, chance.randint(1, 150) * 1_000]),
            "thousands": chance.randint(5, 30),
        }
        for _ in range(chance.randint(1, 25))
    ]
    granted = table(rows)
    whole = sum(granted.column("policy_limit").to_pylist())
    shares = {"village": 5, "township": 2, "county": 1}
    caps = {
        level: chance.choice(
            [
                chance.randint(0, whole // share),
                chance.randint(0, whole // share),
                chance.randint(0, TICKET - 1),
                whole + 1,
            ]
        )
        for level, share in shares.items()
        if chance.random() < 0.8
    }
    return granted, caps


def weights(granted: pa.Table, policy: PolicyInForce) -> list[int]:
    """A step's value in whole units, lifted above 0: a cap is used up also where a step is worth less than nothing."""
    values = [step_value(policy, row["product"], row["ppm"]) * 10**7 for row in granted.to_pylist()]
    assert all(value.denominator == 1 for value in values)
    return [int(value - min(values)) + 1 for value in values]


def best(worth: list[int], most: list[int], rooms: list[tuple[list[int], int]]) -> int:
    """The greatest worth of whole units, at most `most` each, under rooms over sets of households, exactly."""
    rows = np.zeros((len(rooms), len(worth)))
    for number, (members, _) in enumerate(rooms):
        rows[number, members] = 1
    constraint = [LinearConstraint(rows, ub=[room for _, room in rooms])] if rooms else []
    found = milp(
        -np.array(worth, dtype=float),
        constraints=constraint,
        bounds=Bounds(0, most),
        integrality=np.ones(len(worth)),
        options={"mip_rel_gap": 0},
    )
    assert found.success
    units = [round(x) for x in found.x]
    assert all(sum(units[member] for member in members) <= room for members, room in rooms)
    return sum(w * x for w, x in zip(worth, units, strict=True))


def gaps(seed: int) -> tuple[int, int]:
    """What the exact solver gets more, with tickets alone and with steps once the tickets are given."""
    granted, caps = instance(seed)
    policy = budgeted(**caps)
    limits, amounts = granted.column("policy_limit").to_pylist(), amounts_of(granted, policy)
    worth, held = weights(granted, policy), list(places(granted, caps))
    tickets = [int(amount > 0) for amount in amounts]
    steps = [max(0, amount - TICKET) // STEP for amount in amounts]
    assert [t * TICKET + s * STEP for t, s in zip(tickets, steps, strict=True)] == amounts
    most = [t * (limit - TICKET) // STEP for t, limit in zip(tickets, limits, strict=True)]
    first = best(worth, [1] * len(worth), [(members, cap // TICKET) for _, cap, members in held])
    left = [(members, (cap - TICKET * sum(tickets[m] for m in members)) // STEP) for _, cap, members in held]
    then = best(worth, most, left)
    ours = [sum(w * units for w, units in zip(worth, given, strict=True)) for given in (tickets, steps)]
    return first - ours[0], then - ours[1]


def test_three_hundred_random_budgets_are_as_good_as_the_exact_solver_s():
    assert Counter(gaps(seed) for seed in range(300)) == {(0, 0): 300}


def test_the_three_hundred_hold_ties_idle_caps_and_caps_below_the_ticket_at_every_level():
    seen: Counter[str] = Counter()
    for seed in range(300):
        granted, caps = instance(seed)
        limits, given_out = (
            granted.column("policy_limit").to_pylist(),
            allocate(granted, budgeted(**caps)).to_pylist(),
        )
        states = {row["budget_state"] for row in given_out}
        kinds = Counter(zip(granted.column("product").to_pylist(), granted.column("ppm").to_pylist(), strict=True))
        seen["ties"] += max(kinds.values()) > 1
        seen["part cut, part whole"] += len(states) == 2
        seen["a step worth less than nothing"] += any(row["ppm"] > 68_400 for row in granted.to_pylist())
        for level, cap, members in places(granted, caps):
            whole = sum(limits[member] for member in members)
            seen[f"{level} idle"] += cap >= whole
            seen[f"{level} below the ticket"] += cap < TICKET
            seen[f"{level} binding"] += TICKET <= cap < whole
            seen[f"{level} not in steps"] += TICKET <= cap < whole and cap % STEP > 0
    wanted = ["ties", "part cut, part whole", "a step worth less than nothing"]
    wanted += [
        f"{level} {what}" for level in LEVELS for what in ("idle", "below the ticket", "binding", "not in steps")
    ]
    assert {what: seen[what] for what in wanted if seen[what] < 20} == {}


def test_a_ticket_that_is_no_whole_number_of_steps_is_rounded_up_to_one():
    assert amounts_of(asked((0, 10_000, 9), (0, 30_000, 7)), budgeted(ticket=5_500, county=100_000)) == [9_000, 7_000]
    assert amounts_of(asked((0, 10_000, 9), (0, 30_000, 7)), budgeted(ticket=5_500, county=11_999)) == [9_000, 0]


def test_nobody_granted_is_nobody_given():
    assert amounts_of(asked((0, 10_000, 9)).slice(0, 0), budgeted(village=5_000, county=9_000)) == []


# --- pro rata ------------------------------------------------------------------------------------------------


def plain_pro_rata(granted: pa.Table, policy: PolicyInForce, caps: dict[str, int]) -> list[int]:
    """The same in fractions, household by household."""
    rows, held = granted.to_pylist(), list(places(granted, caps))
    limits = [row["policy_limit"] for row in rows]
    amounts = [int(share // STEP * STEP) for share in plain_shares(limits, held)]
    amounts = [amount if amount >= TICKET else 0 for amount in amounts]
    turn = sorted(
        range(len(rows)), key=lambda i: (-step_value(policy, rows[i]["product"], rows[i]["ppm"]), rows[i]["unit_code"])
    )

    def give(chosen: list[int], unit: int) -> bool:
        had = sum(amounts)
        for i in chosen:
            rooms = [cap - sum(amounts[m] for m in members) for _, cap, members in held if i in members]
            amounts[i] += unit if min(rooms, default=unit) >= unit else 0
        return sum(amounts) > had

    give([i for i in turn if amounts[i] == 0], TICKET)
    while give([i for i in turn if 0 < amounts[i] < limits[i]], STEP):
        pass
    return amounts


def plain_shares(limits: list[int], held: list[tuple[str, int, list[int]]]) -> list[Fraction]:
    """What each asks, cut by its village's cap, then by the township's, then by the county's."""
    shares = [Fraction(limit) for limit in limits]
    for _, cap, members in held:  # villages first
        total = sum(shares[member] for member in members)
        for member in members:
            shares[member] *= min(Fraction(1), cap / total) if total else 0
    return shares


VILLAGES = st.one_of(st.none(), st.integers(0, 3))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "village": VILLAGES,
            "product": st.sampled_from(PRODUCTS),
            "ppm": st.sampled_from([10_000, 30_000, 60_000, 100_000]),
            "thousands": st.integers(5, 30),
        }
    ),
    min_size=1,
    max_size=12,
)
CAPS = st.fixed_dictionaries({}, optional={level: st.integers(0, 150_000) for level in LEVELS})


@given(ROWS, CAPS)
@settings(max_examples=300, deadline=None)
def test_pro_rata_agrees_with_plain_fractions(rows, caps):
    granted, policy = table(rows), budgeted("pro_rata", **caps)
    assert amounts_of(granted, policy) == plain_pro_rata(granted, policy, caps)


@given(ROWS, CAPS, st.sampled_from(["value", "pro_rata"]))
@settings(max_examples=300, deadline=None)
def test_neither_rule_goes_above_a_cap_or_what_is_asked_or_off_the_steps(rows, caps, rule):
    granted = table(rows)
    amounts, limits = amounts_of(granted, budgeted(rule, **caps)), granted.column("policy_limit").to_pylist()
    assert all(sum(amounts[m] for m in members) <= cap for _, cap, members in places(granted, caps))
    assert all(
        amount == 0 or (TICKET <= amount <= limit and amount % STEP == 0)
        for amount, limit in zip(amounts, limits, strict=True)
    )


@given(ROWS, CAPS, st.sampled_from(["value", "pro_rata"]))
@settings(max_examples=300, deadline=None)
def test_neither_rule_leaves_anything_that_somebody_could_still_have(rows, caps, rule):
    granted = table(rows)
    amounts, limits = amounts_of(granted, budgeted(rule, **caps)), granted.column("policy_limit").to_pylist()
    held = list(places(granted, caps))
    for number, (amount, limit) in enumerate(zip(amounts, limits, strict=True)):
        left = [cap - sum(amounts[m] for m in members) for _, cap, members in held if number in members]
        if amount < limit:
            assert min(left) < (STEP if amount else TICKET)


@given(ROWS, st.sampled_from(["value", "pro_rata"]), st.sets(st.sampled_from(LEVELS)))
@settings(max_examples=100, deadline=None)
def test_a_cap_at_what_is_asked_or_above_does_not_bind(rows, rule, levels):
    granted = table(rows)
    whole = sum(granted.column("policy_limit").to_pylist())
    given_out = allocate(granted, budgeted(rule, **dict.fromkeys(levels, whole)))
    assert set(given_out.column("budget_state").to_pylist()) == {"not_binding"}
    assert given_out.column("amount").to_pylist() == granted.column("policy_limit").to_pylist()


@given(ROWS, CAPS)
@settings(max_examples=200, deadline=None)
def test_pro_rata_gives_neighbours_who_ask_alike_alike_but_for_a_step_or_a_ticket(rows, caps):
    granted = table(rows)
    alike: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row, amount in zip(granted.to_pylist(), amounts_of(granted, budgeted("pro_rata", **caps)), strict=True):
        alike[row["village_code"], row["policy_limit"]].append(amount)
    for amounts in alike.values():
        had = [amount for amount in amounts if amount]
        assert not had or max(had) - min(had) <= STEP


@given(ROWS, CAPS, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_households_changes_no_amount(rows, caps, chance):
    granted = table(rows)
    order = list(range(granted.num_rows))
    chance.shuffle(order)
    for rule in ("value", "pro_rata"):
        policy = budgeted(rule, **caps)
        turned = allocate(granted.take(order), policy).sort_by("unit_code")
        assert turned.equals(allocate(granted, policy).combine_chunks())


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ({"county": 40_000}, [20_000, 10_000, 10_000]),
        ({"county": 39_999}, [20_000, 10_000, 9_000]),  # 19, 9 and 9 by share; two steps are left, by value
        ({"village": 20_000, "county": 40_000}, [14_000, 13_000, 13_000]),  # the villages ask 20 each
        ({"village": 10_000, "county": 50_000}, [10_000, 10_000, 10_000]),
        ({"village": 10_000, "county": 25_000}, [9_000, 8_000, 8_000]),  # a third of 25 each, and a step is left
        ({"county": 20_000}, [10_000, 5_000, 5_000]),
        ({"county": 19_999}, [9_000, 5_000, 5_000]),  # shares of 4,999 are below the ticket: what is left gives tickets
        ({"county": 9_999}, [9_000, 0, 0]),  # 4,999 for the first: all are below; one ticket, then steps
        ({"county": 4_999}, [0, 0, 0]),
    ],
)
def test_pro_rata_by_hand(caps, expected):
    granted = asked((0, 10_000, 40), (1, 30_000, 20), (2, 60_000, 20))
    assert amounts_of(granted, budgeted("pro_rata", **caps)) == expected


def test_a_village_that_its_own_cap_holds_leaves_its_township_s_room_to_the_others():
    granted = asked((0, 10_000, 60), (1, 60_000, 30))
    alone = amounts_of(granted, budgeted("pro_rata", township=45_000))
    held = amounts_of(granted, budgeted("pro_rata", township=45_000, village=30_000))
    assert (alone, held) == ([30_000, 15_000], [23_000, 22_000])  # of 60 + 30, then of 30 + 30


def test_a_trader_on_no_register_shares_in_the_county_s_budget_only():
    granted = asked((None, 10_000, 20), (0, 10_000, 20))
    caps = {"village": 5_000, "township": 5_000}
    assert amounts_of(granted, budgeted("pro_rata", **caps)) == [20_000, 5_000]
    assert amounts_of(granted, budgeted("pro_rata", **caps, county=15_000)) == [15_000, 0]


@pytest.mark.parametrize("rule", ["value", "pro_rata"])
def test_what_other_products_have_in_force_is_off_each_cap_first(rule):
    granted = asked((0, 10_000, 30), (1, 20_000, 30), (2, 30_000, 30))
    used = table([{"village": 0, "ppm": 0, "thousands": 25}, {"village": 3, "ppm": 0, "thousands": 10}])
    used = used.select(["township_code", "village_code", "policy_limit"]).rename_columns(
        ["township_code", "village_code", "limit_yuan"]
    )
    caps = {"village": 40_000, "township": 60_000, "county": 100_000}
    free = sum(amounts_of(granted, budgeted(rule, **caps)))
    amounts = allocate(granted, budgeted(rule, **caps), used).column("amount").to_pylist()
    assert free > sum(amounts)
    assert amounts[0] <= 15_000  # village 0: 25 of 40 are used
    assert amounts[0] + amounts[1] <= 35_000  # their township: 25 of 60
    assert sum(amounts) == 65_000  # the county: 35 of 100, and nothing is left unused
    assert sum(allocate(granted, budgeted(rule, county=20_000), used).column("amount").to_pylist()) == 0


def test_a_household_that_pro_rata_cuts_is_bound_by_the_budget():
    units = [UNIT[:-1] + str(number) for number in range(1, 4)]
    policy = budgeted("pro_rata", village=70_000)
    decided = decide(facts(units), lambda _: scores(30_000, units), policy, AS_OF)
    assert decided.decisions.column("limit_yuan").to_pylist() == [24_000, 23_000, 23_000]
    assert set(decided.decisions.column("binding_term").to_pylist()) == {"budget"}


# --- the policy's words --------------------------------------------------------------------------------------


def test_a_policy_shares_by_value_unless_it_says_pro_rata_and_knows_no_third_rule():
    assert SHIPPED.budget_rule == "value"
    assert load_policy(f'budget_rule = "pro_rata"\n{TEXT}').budget_rule == "pro_rata"
    assert check_policy(f'budget_rule = "pro_rata"\n{TEXT}', AS_OF) == []
    with pytest.raises(PolicyRefused, match="budget_rule"):
        load_policy(f'budget_rule = "lottery"\n{TEXT}')


@pytest.mark.parametrize(
    ("figure", "sentence"),
    [
        ('value = 5000, unit = "yuan"', None),
        ('value = 5000, unit = "yuan", county = "653199"', None),
        ('value = 5000, unit = "thousand yuan"', "unit"),
        ('value = 5000.5, unit = "yuan"', "whole yuan"),
        ('value = 5000, unit = "yuan", product = "farmer_line"', "by county only"),
        ('value = -1, unit = "yuan"', "below 0"),
    ],
)
def test_a_budget_is_whole_yuan_and_may_differ_by_county_only(figure, sentence):
    line = f'{{ name = "budget_village", {figure}, from = 2024-01-01, reference = "x", verified = false }},'
    faults = [
        f.sentence
        for f in check_policy(TEXT.replace("figures = [", f"figures = [\n{line}", 1), AS_OF)
        if f.place == "figures.budget_village"
    ]
    assert len(faults) == (sentence is not None)
    assert not sentence or sentence in faults[0]


# --- size ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["value", "pro_rata"])
def test_two_million_steps_are_allocated_in_seconds(rule):
    count = 40_000
    chance = np.random.default_rng(5)
    village = chance.integers(0, 400, count)
    granted = pa.table(
        {
            "unit_code": [f"u{number:05d}" for number in chance.permutation(count)],
            "product": ["farmer_line"] * count,
            "township_code": [f"6599{number // 20 + 1:05d}" for number in village.tolist()],
            "village_code": [f"6599{number // 20 + 1:05d}{number % 20 + 1:03d}" for number in village.tolist()],
            "ppm": pa.array(chance.integers(1_000, 150_000, count)),
            "policy_limit": pa.array(np.full(count, 50 * STEP)),
        }
    )
    policy = budgeted(rule, village=4_000_000, township=70_000_000, county=1_000_000_000)
    begun = time.process_time()
    amounts = allocate(granted, policy).column("amount").to_numpy()
    assert time.process_time() - begun < 5
    assert amounts.sum() == 1_000_000_000
