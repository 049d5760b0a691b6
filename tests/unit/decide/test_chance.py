"""Households made by chance, at every boundary at once: the SQL agrees with the second reckoning in plain fractions."""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.builders import SCHEMAS
from tests.conftest import MODELS
from tests.reference.limit_reference import reference_limits
from village_credit.decide.decide import decide
from village_credit.policy.model import load_policy

AS_OF, COUNTY = date(2026, 11, 1), "659900"
EVE, OLD, OLDEST = date(2026, 10, 31), date(2021, 11, 1), date(2021, 10, 31)
SHIPPED = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
# a rent of a crop's own, with fen; land got by exchange counts
OWN_RENT = (
    '  { name = "rent", crop = "苜蓿", value = 333.33, unit = "yuan a mu and year", from = 2024-01-01, '
    'reference = "", verified = false },'
)
TEXT = SHIPPED.replace("figures = [", f"figures = [\n{OWN_RENT}", 1)
TEXT = TEXT.replace("counted_methods = []", 'counted_methods = ["300"]')
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
    "branch_yuan",
    "model_limit_yuan",
    "policy_limit_yuan",
    "rent_yuan",
    "binding_term",
)
OUTCOMES = ("product", "decision", "band", "limit_yuan", "borrower_member_no", "borrower_reason")
DATES = ("term_months", "valid_from", "valid_to", "review_due_on")
LOANS = ["农贷通", "农户贷", "个人消费贷款", "脱贫人口小额信贷", "帮扶小额信贷", "乡村致富贷"]


class Chance:
    """Draws one household's rows; the same seed gives the same county."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}

    def one_in(self, chances: int) -> bool:
        return self.random.randrange(chances) == 0

    def pick(self, *values: Any) -> Any:
        return self.random.choice(values)

    def yuan(self, most: int, empty_one_in: int = 10**9) -> Decimal | None:
        return None if self.one_in(empty_one_in) else Decimal(self.random.randint(0, most * 100)) / 100

    def day(self, first: date, last: date) -> date:
        return date.fromordinal(self.random.randint(first.toordinal(), last.toordinal()))

    def add(self, table: str, unit: str, **row: Any) -> None:
        self.tables[table].append({"unit_code": unit, "link_status": "automatic", **row})

    def people(self, unit: str) -> None:
        county = "653200" if self.one_in(30) else COUNTY
        self.add(
            "households",
            unit,
            county_code=county,
            township_code=unit[:9],
            village_code=unit[:12],
            persons_register=self.random.randint(0, 6),
        )
        for number, relation in enumerate(["head", "spouse", "other", "other"][: self.random.randint(0, 4)], 1):
            living, resident = not self.one_in(9), not self.one_in(9)
            born = self.pick(
                self.day(date(1958, 1, 1), date(2010, 1, 1)),
                date(2008, 11, 1),
                date(2008, 11, 2),
                date(1961, 11, 1),
                date(1961, 11, 2),
            )
            self.add(
                "members",
                unit,
                member_no=number,
                relation=relation,
                birth_date=born,
                is_living=living,
                is_resident=resident,
                has_valid_id=True,
            )

    def land(self, unit: str) -> None:
        for _ in range(self.random.randint(0, 2)):
            self.add("parcels", unit, method_code=self.pick("110", "120", "200", "300", None), area_mu=self.yuan(40))
        for out, into in ((unit, None), (None, unit)):
            if self.one_in(4):
                ends = self.pick(None, EVE, AS_OF, date(2028, 1, 1))
                self.tables["leases"].append(
                    {
                        "from_unit_code": out,
                        "to_unit_code": into,
                        "area_mu": self.yuan(20),
                        "starts_on": self.day(date(2024, 1, 1), date(2026, 12, 1)),
                        "ends_on": ends,
                        "rent_yuan": self.pick(None, None, self.yuan(20000)),
                        "crop": self.pick(None, "棉花", "苜蓿"),
                    }
                )
        if not self.one_in(3):
            self.add("subsidies", unit, year=self.pick(2024, 2025), subsidised_mu=self.yuan(60), paid_yuan=Decimal(1))
        for crop in self.random.sample(["棉花", "玉米", "小麦", "核桃", "油葵"], self.random.randint(0, 3)):
            self.add("crops", unit, year=2026, crop=crop, area_mu=self.yuan(60), delivered_kg=self.yuan(15000, 2))

    def economy(self, unit: str) -> None:
        parts = {"planting": 90000, "livestock": 30000, "wage": 30000, "trade": 60000, "transfer": 9000}
        for year in (2022, 2023, 2024, 2025):
            if self.one_in(3):
                continue
            income = {f"{part}_income_yuan": self.yuan(most, 3) for part, most in parts.items()}
            heads = {
                "persons": self.pick(None, 3, 5),
                "sheep": self.pick(None, 0, 150),
                "cattle": self.pick(None, 0, 5),
            }
            self.add("books", unit, year=year, production_cost_yuan=self.yuan(60000, 5), **income, **heads)
        if self.one_in(2):
            bought = self.pick(
                None, self.day(date(2015, 1, 1), date(2026, 12, 1)), date(2024, 11, 1), date(2024, 11, 2)
            )
            status, link = (self.pick("已结算", "待申请结算", None), self.pick("confirmed", "automatic", "provisional"))
            self.add(
                "machines",
                unit,
                unit_price_yuan=self.yuan(90000, 9),
                machine_count=self.random.randint(1, 3),
                bought_on=bought,
                status=status,
                link_status=link,
            )

    def credit(self, unit: str) -> None:
        for _ in range(self.pick(0, 0, 1, 2)):
            due = self.pick(
                None, AS_OF, date(2028, 11, 1), date(2028, 11, 2), self.day(date(2026, 1, 1), date(2031, 1, 1))
            )
            guarantee, link = (self.pick(None, "信用", "保证", "抵押"), self.pick(*["automatic"] * 8, "provisional"))
            balance = self.pick(Decimal(0), self.yuan(60000))
            self.add(
                "exposures",
                unit,
                product_name=self.pick(*LOANS),
                credit_yuan=self.yuan(60000),
                balance_yuan=balance,
                guarantee=guarantee,
                due_on=due,
                link_status=link,
            )
        if self.one_in(4):
            days, told = self.pick(0, 0, 0, 1, 90, 91), self.pick(date(2026, 10, 1), OLD, OLDEST)
            relief = {"is_relief": self.pick(True, False, None), "relief_proof": self.pick(None, "p")}
            self.add(
                "conducts",
                unit,
                days_overdue=days,
                cutoff_on=told,
                product_name=self.pick(None, "脱贫人口小额信贷", "帮扶小额信贷"),
                **relief,
            )
        if self.one_in(5):
            starts = self.day(date(2024, 1, 1), AS_OF)
            ends = date(starts.year + self.random.randint(1, 3), starts.month, min(starts.day, 28)) - timedelta(days=1)
            self.add(
                "credit_lines", unit, product_name="农贷通", limit_yuan=self.yuan(60000), starts_on=starts, ends_on=ends
            )
        if self.one_in(9):
            starts = self.day(date(2023, 12, 1), EVE)
            self.add(
                "in_force",
                unit,
                product="farmer_line",
                limit_yuan=self.random.randint(5, 60) * 1000,
                term_months=36,
                valid_from=starts,
                valid_to=date(starts.year + 3, starts.month, min(starts.day, 28)),
            )

    def lists(self, unit: str) -> None:
        if self.one_in(9):
            listed, ends = (self.pick(OLDEST, OLD, date(2025, 1, 1), date(2026, 11, 2)), self.pick(None, AS_OF, EVE))
            self.add(
                "negatives",
                unit,
                reason_code=self.pick("F01", "8"),
                listed_on=listed,
                expires_on=ends,
                member_is_adult_living=not self.one_in(4),
                link_status=self.pick("automatic", "provisional"),
            )
        if self.one_in(40):
            self.add("related_parties", unit, updated_on=EVE, link_status=self.pick("automatic", "provisional"))
        if self.one_in(20):
            self.add(
                "objections",
                unit,
                objection_type=self.pick("拒绝自动化决策", "撤回同意", "别的"),
                registered_on=EVE,
                is_contested=self.one_in(3),
            )
        if self.one_in(9):
            self.add(
                "monitored",
                unit,
                household_type=self.pick("脱贫户", "一般农户", "防止返贫致贫对象"),
                monitored_class=self.pick(None, "边缘易致贫户"),
                has_left=self.pick(None, None, True, False),
                left_on=self.pick(None, None, EVE, AS_OF, date(2026, 11, 2)),
            )
        if self.one_in(20):
            self.add("traders", unit, applied_yuan=self.yuan(120000), referred_on=EVE)

    def facts(self) -> dict[str, pa.Table]:
        return {
            name: pa.Table.from_pylist(
                [{c: row.get(c) for c in columns} for row in self.tables[name]], schema=pa.schema(list(columns.items()))
            )
            for name, columns in SCHEMAS.items()
        }


class Leaning(Chance):
    """Households that one term holds: sound, and rich in all but one; the rest are as chance has them."""

    def sound(self, unit: str) -> None:
        """An eligible head, one or two persons, wages that no term of the others can reach, and a herd."""
        self.add(
            "households",
            unit,
            county_code=COUNTY,
            township_code=unit[:9],
            village_code=unit[:12],
            persons_register=self.random.randint(0, 2),
        )
        born = self.day(date(1962, 1, 1), date(2008, 1, 1))
        person = {"relation": "head", "is_living": True, "is_resident": True, "has_valid_id": True}
        self.add("members", unit, member_no=1, birth_date=born, **person)
        self.land(unit)
        for year in (2023, 2024, 2025):
            wages = self.random.randint(400_000_00, 600_000_00)
            self.add("books", unit, year=year, persons=1, wage_income_yuan=Decimal(wages) / 100, sheep=900)

    def by_band(self, unit: str) -> None:
        self.sound(unit)

    def by_need(self, unit: str) -> None:
        self.sound(unit)
        for row in self.tables["books"][-3:]:
            row["sheep"] = self.random.randint(0, 120)

    def by_headroom(self, unit: str) -> None:
        self.sound(unit)
        if self.one_in(3):  # the micro-loan's cap of 50,000
            self.add("monitored", unit, household_type="脱贫户")
            return
        credit, balance = self.random.randint(100_000_00, 210_000_00), self.yuan(9000)
        loan = {"product_name": "个人消费贷款", "credit_yuan": Decimal(credit) / 100, "balance_yuan": balance}
        self.add("exposures", unit, guarantee=self.pick(None, "信用"), due_on=date(2030, 1, 1), **loan)

    def by_rise(self, unit: str) -> None:
        self.sound(unit)
        starts = self.day(date(2023, 12, 1), EVE)
        ends = date(starts.year + 3, starts.month, min(starts.day, 28)) - timedelta(days=1)
        if self.one_in(2):
            line = {"product_name": "农贷通", "limit_yuan": self.yuan(60_000)}
            self.add("credit_lines", unit, starts_on=starts, ends_on=ends, **line)
        if self.one_in(2):
            line = {"product": "farmer_line", "limit_yuan": self.pick(0, 600, 3000, 20_000, 50_000)}
            drawn_yuan = self.pick(None, self.yuan(60_000))
            term = {"term_months": 36, "valid_from": starts, "valid_to": ends}
            self.add("in_force", unit, drawn_yuan=drawn_yuan, **line, **term)
        self.add("rise_bases", unit, product="farmer_line", base_yuan=self.pick(600, 3000, 4000, 8000, 20_000))

    def by_lineage(self, unit: str) -> None:
        """A household whose code changed: capped for a day, or with a line that a merge closed, or both."""
        self.by_rise(unit)
        if not self.one_in(3):
            self.add("lineage_caps", unit, most_yuan=self.pick(0, 4999, 5000, 7000, 30_000))
        for product in self.random.sample(["farmer_line", "poverty_micro_loan", "follow_on_loan"], self.pick(0, 1, 2)):
            owed = {"owed_yuan": self.yuan(30_000), "valid_to": self.pick(None, EVE, date(2028, 6, 1))}
            self.add("closed_lines", unit, product=product, **owed)
            if self.one_in(3):
                loan = {"product_name": "农贷通", "credit_yuan": self.yuan(20_000), "balance_yuan": self.yuan(20_000)}
                self.add("exposures", unit, guarantee="信用", due_on=date(2030, 1, 1), **loan)
        if self.one_in(6):
            self.add("recoded", unit)

    def by_branch(self, unit: str) -> None:
        self.sound(unit)
        word = {"said_yuan": self.pick(0, 5000, 6000, 9000, 45_000), "said_on": self.day(date(2025, 10, 1), EVE)}
        self.add("branch_words", unit, product="farmer_line", **word)

    def by_chance(self, unit: str) -> None:
        for rows in (self.people, self.land, self.economy, self.credit, self.lists):
            rows(unit)


def drawn(seed: int, count: int) -> tuple[dict[str, pa.Table], dict[str, int]]:
    """Fact tables and probabilities in ppm (some households have none: not scored)."""
    chance = Leaning(seed)
    units = [f"6599001002010{number:05d}" for number in range(count)]
    edges = (19_999, 20_000, 39_999, 40_000, 79_999, 80_000, 149_999, 150_000)
    ppm = {}
    for unit in units:
        leaning = chance.pick(
            *["by_chance"] * 5, "by_band", "by_need", "by_headroom", "by_rise", "by_branch", "by_lineage"
        )
        getattr(chance, leaning)(unit)
        most = 19_999 if leaning in {"by_headroom", "by_rise", "by_branch", "by_lineage"} else 150_000
        ppm[unit] = chance.pick(*(edge for edge in edges if edge <= most), chance.random.randint(1000, most))
    objections = chance.tables["objections"]
    unscored = {row["unit_code"] for row in objections if row["objection_type"] == "撤回同意"}
    unscored |= {unit for unit in units if chance.one_in(40)}
    return chance.facts(), {unit: value for unit, value in ppm.items() if unit not in unscored}


def scored(ppm: dict[str, int]) -> pa.Table:
    whole = pa.int64()
    return pa.table(
        {
            "unit_code": list(ppm),
            "points": pa.array([600] * len(ppm), whole),
            "default_probability_ppm": pa.array(list(ppm.values()), whole),
        }
    )


Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def both() -> tuple[Rows, Rows]:
    """What the product and what the reference make of the same 20,000 households, by unit."""
    facts, ppm = drawn(1, 20_000)
    decided = decide(facts, lambda _: scored(ppm), load_policy(TEXT).in_force(AS_OF, COUNTY), AS_OF)
    ours = {row["unit_code"]: row for row in decided.waterfall.to_pylist()}
    for row in decided.decisions.to_pylist():
        ours[row["unit_code"]] |= row
    policy = tomllib.loads(TEXT, parse_float=Decimal)
    rows = {name: table.to_pylist() for name, table in facts.items()}
    return ours, reference_limits(rows, ppm, policy, AS_OF, COUNTY)


def test_twenty_thousand_households_agree_with_the_second_reckoning_to_the_yuan(both):
    ours, theirs = both
    assert set(ours) == set(theirs)
    wrong = [
        (unit, name, ours[unit][name], row[name])
        for unit, row in theirs.items()
        for name in (*FIGURES, *OUTCOMES, *(DATES if ours[unit]["decision"] == "granted" else ()))
        if ours[unit][name] != row[name]
    ]
    wrong += [
        (unit, "reasons", ours[unit]["reason_codes"], row["reasons"])
        for unit, row in theirs.items()
        if ours[unit]["reason_codes"] != row["reasons"]
    ]
    assert wrong[:5] == []


def test_each_term_binds_in_at_least_one_of_twenty_of_all_and_of_those_granted(both):
    ours, _ = both
    for rows in (list(ours.values()), [row for row in ours.values() if row["decision"] == "granted"]):
        shares = dict.fromkeys(("capacity", "band", "need", "headroom", "rise", "branch"), 0) | {
            term: count / len(rows) for term, count in Counter(row["binding_term"] for row in rows).items()
        }
        assert {term: share for term, share in shares.items() if term and share < 0.05} == {}


def test_every_decision_product_and_band_is_among_them(both):
    ours, _ = both
    for name, least in (("decision", 3), ("product", 4), ("band", 6)):
        counts = Counter(row[name] for row in ours.values())
        assert len(counts) == least
        assert min(counts.values()) >= 200, (name, counts)
