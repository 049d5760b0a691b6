"""What would help is true: decided again from changed facts it reaches the step, and nothing smaller does."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.builders import SCHEMAS, USUAL, facts_of
from tests.conftest import AS_OF, MODELS
from village_credit.decide.decide import HUMAN_INPUTS, Decided, decide
from village_credit.decide.trials import Bench, without_budgets
from village_credit.errors import PolicyRefused
from village_credit.features.build import build_features
from village_credit.features.catalogue import FEATURES
from village_credit.policy.changeable import Feature, changeable
from village_credit.policy.check import check_policy
from village_credit.policy.model import load_policy
from village_credit.score.apply import score
from village_credit.score.scorecard import read_scorecard
from village_credit.tables.simulation_inputs import pack_simulation_inputs, unpack_simulation_inputs
from village_credit.tables.what_helps import MOVES, scores_of, what_helps

POLICY_TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
POLICY = load_policy(POLICY_TEXT).in_force(AS_OF, "659900")
CARD = read_scorecard((MODELS / "synthetic-2026.1.scorecard.json").read_text(encoding="utf-8"))
THINGS = changeable(POLICY.policy, AS_OF)
HOUSEHOLDS = 1_000
HELD, OVER, DOUBT, BOTH, OLD = STOPPED = [f"65990010020101000{number}" for number in range(5)]
INCOMES = {
    "wages": "wage_income_yuan",
    "livestock_income": "livestock_income_yuan",
    "trade_income": "trade_income_yuan",
}
KINDS = {"wages": "wages", "livestock_income": "livestock", "trade_income": "trade"}
FEATURE_SCHEMA = pa.schema([("unit_code", pa.string()), *((feature.name, pa.float64()) for feature in FEATURES)])
Rows = dict[str, list[dict[str, Any]]]


def household(unit: str, chance: random.Random) -> Rows:
    """One household of any kind: poor and rich, in debt, in arrears, listed, without a book, without a crop."""
    land = Decimal(chance.randrange(30, 500)) / 10
    rows: Rows = {
        "households": [
            {"county_code": "659900", "township_code": "659900100", "village_code": "659900100201",
             "is_trader_only": False, "persons_register": chance.randrange(1, 6), "children": 0}
        ],
        "members": [
            {"member_no": 1, "relation": "head", "sex": 1, "birth_date": date(chance.randrange(1963, 2000), 5, 4),
             "is_living": True, "is_resident": True, "has_valid_id": True}
        ],
        "parcels": [{"method_code": "110", "area_mu": land}],
    }  # fmt: skip
    if chance.random() < 0.8:
        rows["subsidies"] = [{"year": 2026, "subsidised_mu": land * chance.randrange(5, 13) / 10}]
    crops = chance.sample(["棉花", "玉米", "小麦"], chance.randrange(0, 3))
    rows["crops"] = [
        {"year": 2026, "crop": crop, "area_mu": Decimal(chance.randrange(10, 300)) / 10,
         "delivered_kg": Decimal(chance.randrange(500, 9000)) if chance.random() < 0.3 else None}
        for crop in crops
    ]  # fmt: skip
    knows = [chance.random() < 0.7 for _ in INCOMES]
    if chance.random() < 0.85:
        rows["books"] = [book(year, knows, chance) for year in (2023, 2024, 2025)[chance.randrange(3) :]]
    rows["exposures"] = [
        {"product_name": f"别行贷款{number}", "balance_yuan": Decimal(chance.randrange(0, 6_000_000)) / 100,
         "credit_yuan": Decimal(chance.randrange(0, 90_000)), "due_on": date(2027 + number, 3, 1),
         "link_status": "automatic"}
        for number in range(chance.choice((0, 0, 1, 2)))
    ]  # fmt: skip
    overdue = chance.choice((0, 0, 0, 5, 40, 120))
    rows["conducts"] = [
        {"loan_number": unit, "opened_on": date(2024, 3, 1), "due_on": date(2027, 3, 1),
         "cutoff_on": date(2026, 10, 30), "max_days_overdue": overdue,
         "days_overdue": overdue if chance.random() < 0.2 else 0,
         "product_name": chance.choice(("农户贷款", "扶贫小额信贷")), "link_status": "automatic",
         "member_no": 1}
    ] * (chance.random() < 0.6)  # fmt: skip
    if chance.random() < 0.1:  # much land and little need of its own: the band binds
        rows["crops"] = [{"year": 2026, "crop": "棉花", "area_mu": land}]
        rows["parcels"][0]["area_mu"] = land = Decimal(400)
        rows["crops"][0]["area_mu"] = land
        rows.pop("subsidies", None)
    if chance.random() < 0.05:
        rows["negatives"] = [
            {"list_category": "x", "reason_code": "R04", "listed_on": date(2025, 1, 1), "member_is_adult_living": True,
             "link_status": "automatic", "member_no": 1}
        ]  # fmt: skip
    if chance.random() < 0.1:
        rows["traders"] = [{"applied_yuan": Decimal(chance.randrange(0, 60_000)), "referred_on": date(2026, 10, 1)}]
        rows["turnover"] = [{"month": date(2026, month, 1), "settled_yuan": Decimal(9_000)} for month in range(2, 11)]
    if chance.random() < 0.15:
        rows["monitored"] = [{"household_type": "脱贫户", "has_left": False}]
    return {name: [{"unit_code": unit, **row} for row in told] for name, told in rows.items()}


def book(year: int, knows: list[bool], chance: random.Random) -> dict[str, Any]:
    def amount() -> Decimal:
        return Decimal(chance.randrange(0, 4_000_000)) / 100

    known = {name: amount() if is_known else None for name, is_known in zip(INCOMES.values(), knows, strict=True)}
    planting = amount() + 1
    return {
        "year": year, "persons": chance.randrange(1, 6), "labourers": 1, "planting_income_yuan": planting,
        "production_cost_yuan": round(planting * chance.randrange(2, 9) / 10, 2), "assets_yuan": amount() * 3,
        "debts_yuan": amount(), "sheep": chance.randrange(0, 20), "cattle": chance.randrange(0, 3), **known,
    }  # fmt: skip


def tables_of(rows: Rows) -> dict[str, pa.Table]:
    return {
        name: pa.Table.from_pylist(rows.get(name, []), schema=pa.schema(list(columns.items())))
        for name, columns in SCHEMAS.items()
    }


@dataclass
class County:
    """Households by unit, their features, and what would help whoever is not granted, and some who are."""

    households: dict[str, Rows]
    features: dict[str, dict[str, float | None]]
    helps: list[dict[str, Any]]


def together(parts: list[Rows]) -> Rows:
    return {name: [row for part in parts for row in part.get(name, [])] for name in SCHEMAS}


def scored_by(features: pa.Table) -> pa.Table:
    return score(features, CARD).scores


@pytest.fixture(scope="module")
def county() -> County:
    chance = random.Random(20261101)
    units = [f"659900100201{number:06}" for number in range(HOUSEHOLDS)]
    households = {unit: household(unit, chance) for unit in units}
    others, said = stopped()
    facts = tables_of(together([*households.values(), others])) | said
    features = build_features(facts, AS_OF)
    decided = decide(facts, lambda _: scored_by(features), POLICY, AS_OF)
    rows = decided.decisions.to_pylist()
    granted = [row["unit_code"] for row in rows if row["decision"] == "granted"]
    helps = helped(features, decided, {*units, *STOPPED} - set(granted[200:]))
    return County(households, {row["unit_code"]: row for row in features.to_pylist()}, helps)


def stopped() -> tuple[Rows, dict[str, pa.Table]]:
    """Households against which a record stands: held, over, in doubt, listed and held, old; and what people said."""
    doubtful = {"product_name": "别行贷款", "balance_yuan": Decimal(900), "credit_yuan": Decimal(900)}
    listed = {"reason_code": "R04", "listed_on": date(2025, 1, 1), "member_is_adult_living": True, "member_no": 1}
    changes: dict[str, Rows] = {
        DOUBT: {"exposures": [doubtful | {"link_status": "provisional"}]},
        BOTH: {"negatives": [listed]},
        OLD: {"members": [USUAL["members"][0] | {"birth_date": date(1950, 1, 1)}]},
    }
    tables = facts_of({unit: changes.get(unit, {}) for unit in STOPPED})
    said = {
        "held": [{"unit_code": HELD}, {"unit_code": BOTH}],
        "ended": [{"unit_code": OVER, "product": "farmer_line"}],
    }
    human = {name: pa.Table.from_pylist(rows, schema=HUMAN_INPUTS[name]) for name, rows in said.items()}
    return {name: table.to_pylist() for name, table in tables.items()}, human


def helped(features: pa.Table, decided: Decided, asked: set[str]) -> list[dict[str, Any]]:
    """What would help some households, from what was measured as a run seals it."""
    units = features.column("unit_code").to_pylist()
    packed = pack_simulation_inputs(decided.measured, pa.table({"unit_code": units}), {u: u for u in units}, {})
    measured = unpack_simulation_inputs(packed)
    codes = dict(zip(units, measured.units.column("unit_code").to_pylist(), strict=True))
    points = score(features, CARD).points
    numbered = pa.array([codes[unit] for unit in points.column("unit_code").to_pylist()], pa.int64())
    whom = measured.units.filter(pc.is_in(measured.units.column("household_key"), pa.array(sorted(asked))))
    scores = scores_of(points.set_column(0, "unit_code", numbered), CARD)
    return what_helps(Bench(measured.tables, POLICY, AS_OF), scores, whom, THINGS).to_pylist()


def changed(rows: Rows, one: dict[str, Any], amount: Decimal) -> Rows:
    """A household's facts with one thing changed by so much, as an office would deliver them."""
    new = {name: [dict(row) for row in told] for name, told in rows.items()}
    CHANGES.get(one["what"], unchanged)(new, one, amount)
    return new


def unchanged(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    assert one["value_then"] is not None  # a feature, which stands in no fact of its own


def paid(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    new["conducts"] = [{**row, "days_overdue": 0} for row in new["conducts"]]


def lifted(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    new["negatives"] = []


def repaid(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    (row,) = [row for row in new["exposures"] if row["product_name"] == one["loan"]]
    row["balance_yuan"] -= amount if one["what"] == "loan" else row["balance_yuan"]
    row["credit_yuan"] *= one["what"] == "loan"


def registered(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    new["parcels"].append({"unit_code": one["household_key"], "method_code": "110", "area_mu": amount})


def subsidised(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    new["subsidies"][0]["subsidised_mu"] += amount


def sown(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    crops = [row for row in new["crops"] if row["crop"] == one["crop"]]
    if not crops:
        crops = [{"unit_code": one["household_key"], "year": 2026, "crop": one["crop"], "area_mu": Decimal(0)}]
        new["crops"].extend(crops)
    crops[0]["area_mu"] += amount


def kept(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    books = new.setdefault("books", [{"unit_code": one["household_key"], "year": 2025}])
    last = max(books, key=lambda row: row["year"])
    last[one["what"]] = int(last.get(one["what"], 0) + amount)


def bought(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    row = {"unit_price_yuan": amount, "machine_count": 1, "bought_on": AS_OF, "status": "已结算"}
    new["machines"] = [{"unit_code": one["household_key"], "link_status": "automatic", **row}]


def applied_for(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    new["traders"][0]["applied_yuan"] += amount


def settled(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    new["turnover"][0]["settled_yuan"] += amount


def earned(new: Rows, one: dict[str, Any], amount: Decimal) -> None:
    told = [row for row in new.get("books", []) if row[INCOMES[one["what"]]] is not None]
    for row in told:
        row[INCOMES[one["what"]]] += amount
    if not told:
        row = {"product": one["product"], "kind": KINDS[one["what"]], "income_yuan": int(amount), "said_on": AS_OF}
        new["supplied"] = [{"unit_code": one["household_key"], **row}]


CHANGES = {
    "arrears": paid,
    "listing": lifted,
    "loan": repaid,
    "settled_loan": repaid,
    "registered_land": registered,
    "subsidised_land": subsidised,
    "crop": sown,
    "sheep": kept,
    "cattle": kept,
    "machine": bought,
    "applied_amount": applied_for,
    "turnover": settled,
    **dict.fromkeys(INCOMES, earned),
}


def outcomes(county: County, trials: list[tuple[dict[str, Any], Decimal]]) -> list[bool]:
    """Decide facts again, each household once a trial under a name of its own: is its target reached?"""
    parts, held = [], {}
    for number, (one, amount) in enumerate(trials):
        name = f"{one['household_key']}-{number:07}"
        rows = changed(county.households[one["household_key"]], one, amount)
        parts.append({table: [{**row, "unit_code": name} for row in told] for table, told in rows.items()})
        held[name] = one, amount
    rows = together(parts)
    supplied = [row for part in parts for row in part.get("supplied", [])]
    facts = tables_of(rows) | {"supplied": pa.Table.from_pylist(supplied, schema=HUMAN_INPUTS["supplied"])}
    features = [told_features(county, row, *held[row["unit_code"]]) for row in build_features(facts, AS_OF).to_pylist()]
    scored = pa.Table.from_pylist(features, schema=FEATURE_SCHEMA)
    decided = decide(facts, lambda _: scored_by(scored), POLICY, AS_OF).decisions
    made = {row["unit_code"]: row for row in decided.to_pylist()}
    return [
        made[name]["decision"] == "granted" and made[name]["limit_yuan"] >= one["target_yuan"]
        for name, (one, _) in held.items()
    ]


def told_features(county: County, row: dict[str, Any], one: dict[str, Any], value: Decimal) -> dict[str, Any]:
    """What the changed facts come to as features; a feature that is the change itself, and a score that is held."""
    before = county.features[one["household_key"]]
    if one["what"] in before:
        return {**row, one["what"]: float(value)}
    if one["what"] in INCOMES:
        return {**before, "unit_code": row["unit_code"]}
    own = {MOVES[one["what"]]} if one["what"] in MOVES else set()
    moved = {name for name in row if name != "unit_code" and row[name] != before[name]}
    assert moved <= own, (one, moved)  # nothing else of the score hangs on it
    return row


def amount_of(one: dict[str, Any]) -> Decimal:
    """How much of it is told: of a feature the value that is told, or the last below it."""
    if one["value_then"] is not None:
        value = Decimal(str(one["value_then"]))
        return value - Decimal("0.000001") if one["is_below"] else value
    return one["amount"] or Decimal(0)


def one_less(one: dict[str, Any]) -> Decimal | None:
    """The next smaller change: a yuan, a head, the whole mu before; of a feature the first value that is not enough."""
    if one["value_then"] is not None:
        value = Decimal(str(one["value_then"]))
        return value if one["is_below"] else value - Decimal("0.000001")
    if one["what"] == "settled_loan" or one["amount"] is None:
        return None
    if one["unit"] == "mu":
        return Decimal(-(-one["amount"] // 1) - 1)
    return one["amount"] - 1


def of_facts(county: County) -> list[dict[str, Any]]:
    return [one for one in county.helps if one["household_key"] in county.households]


def test_whatever_is_told_reaches_the_step_when_changed_facts_are_decided_again(county: County):
    told = Counter(one["what"] for one in county.helps)
    never = {"hold", "link", "renewal", "cost_to_planting"}  # tried below, or rare
    assert {one.what for one in THINGS} - never <= set(told), told
    trials = [(one, amount_of(one)) for one in of_facts(county)]
    failed = [one for (one, _), is_reached in zip(trials, outcomes(county, trials), strict=True) if not is_reached]
    assert failed == []
    assert len(trials) > 600


def test_one_unit_less_never_does(county: County):
    trials = [(one, less) for one in of_facts(county) if (less := one_less(one)) is not None and less >= 0]
    assert len(trials) > 600
    assert not any(outcomes(county, trials))


def test_a_search_among_smaller_amounts_finds_none(county: County):
    chance = random.Random(7)
    amounts = [one for one in of_facts(county) if one["amount"] and one["what"] != "settled_loan" and one["amount"] > 1]
    chosen = chance.sample(amounts, 100)
    trials = [(one, Decimal(chance.randrange(0, int(-(-one["amount"] // 1))))) for one in chosen for _ in range(30)]
    assert not any(outcomes(county, trials))


def test_what_stands_against_a_household_is_told_where_it_stands_alone(county: County):
    """Listed and held, neither alone helps; too old, nobody can change it."""
    told = [one for one in county.helps if one["household_key"] in STOPPED]
    assert [(one["household_key"], one["what"], one["by"]) for one in told if one["household_key"] != DOUBT] == [
        (HELD, "hold", "office"),
        (OVER, "renewal", "office"),
    ]
    assert "link" in [one["what"] for one in told if one["household_key"] == DOUBT]
    assert all(one["limit_yuan"] >= one["target_yuan"] == 5_000 for one in told if one["household_key"] != DOUBT)


def test_only_what_somebody_can_change_may_stand_in_a_policy():
    directions = {feature.name: feature.direction for feature in FEATURES}
    assert {directions[name] for name in get_args(Feature)} <= {"falls", "rises"}
    for what in ("labour_share", "age", "sex", "township"):
        with pytest.raises(PolicyRefused, match=r"changeable\.\d+\.what"):
            load_policy(POLICY_TEXT.replace('what = "sheep"', f'what = "{what}"'))


def test_two_words_of_one_day_on_a_thing_are_a_fault():
    twice = POLICY_TEXT.replace('what = "sheep"', 'what = "cattle"')
    assert [fault.place for fault in check_policy(twice, AS_OF)] == ["changeable.14", "changeable.15"]


def test_a_policy_without_a_word_names_nothing():
    silent = POLICY.policy.model_copy(update={"changeable": ()})
    assert changeable(silent, AS_OF) == []
    assert changeable(POLICY.policy, date(2023, 12, 31)) == []


def test_a_neighbour_s_budget_changes_nothing_of_what_helps():
    budget = (
        'figures = [\n  { name = "budget_county", value = 5000, unit = "yuan", from = 2024-01-01, reference = "x", '
        "verified = false },"
    )
    tight = load_policy(POLICY_TEXT.replace("figures = [", budget)).in_force(AS_OF, "659900")
    assert tight.cap("county") == 5_000
    assert without_budgets(tight).cap("county") is None
