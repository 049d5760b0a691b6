"""The screen as data: what a listing means, for whom it counts, the household's colour, and growers who are visited."""

from __future__ import annotations

import random
import tomllib
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.reasons import DECISION_REASONS
from tests.builders import SCHEMAS, UNIT, facts, scores
from tests.conftest import MODELS
from tests.reference.limit_reference import SCREEN, reference_limits
from tests.unit.decide.test_chance import drawn, scored
from village_credit.decide.decide import REVIEWED_REASONS, Decided, apply_policy, decide
from village_credit.policy.branch_authority import authority
from village_credit.policy.check import check_policy
from village_credit.policy.model import PolicyInForce, load_policy

AS_OF, COUNTY = date(2026, 11, 1), "659900"
TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
ONLY = ("negative_list", "grey_list", "overdue")
DARKER = {"white": 0, "grey": 1, "black": 2}
REFUSED = {number for code in ("3", "5", "8", "14", "15", "17") for number in (code, f"R{int(code):02d}")}
BORROWER_ONLY = TEXT
for _name in ONLY:
    BORROWER_ONLY = BORROWER_ONLY.replace(f'{_name} = "any_adult"', f'{_name} = "borrower_only"')
GROWERS = TEXT.replace(
    '{ name = "large_grower_mu", value = 100,',
    """{ name = "cap_large_grower", value = 250000, unit = "yuan", from = 2026-01-01, reference = "test", verified = false },
  { name = "cap_cooperative", value = 220000, unit = "yuan", from = 2026-01-01, reference = "test", verified = false, county = "659900" },
  { name = "household_cap", value = 300000, unit = "yuan", from = 2026-01-01, reference = "test", verified = false },
  { name = "large_grower_mu", value = 40,""",  # noqa: E501
)


def in_force(text: str) -> PolicyInForce:
    return load_policy(text).in_force(AS_OF, COUNTY)


def shaped(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    columns = SCHEMAS[name]
    full = [{column: row.get(column) for column in columns} for row in rows]
    return pa.Table.from_pylist(full, schema=pa.schema(list(columns.items())))


def listing(unit: str, code: str, member: int | None = None, link: str = "automatic") -> dict[str, Any]:
    listed = {"list_category": "不予授信", "listed_on": date(2025, 6, 1), "member_is_adult_living": True}
    return {"unit_code": unit, "reason_code": code, "member_no": member, "link_status": link, **listed}


def some_county(seed: int, count: int) -> tuple[dict[str, pa.Table], dict[str, int]]:
    """Households by chance; listings and arrears of members, known or not, by every colour; some farms."""
    given, ppm = drawn(seed, count)
    chance = random.Random(seed)
    units = given["households"].column("unit_code").to_pylist()
    listings = [
        listing(
            chance.choice(units),
            chance.choice(("F01", "2", "16,3", "8", "2、7", "99")),
            chance.choice((None, 1, 1, 2, 3)),
        )
        for _ in range(count // 4)
    ]
    arrears = [{**row, "member_no": chance.choice((None, 1, 2))} for row in given["conducts"].to_pylist()]
    farms = [
        {"unit_code": chance.choice(units), "farm_type": word, "managed_mu": Decimal(chance.randint(10, 900))}
        for word in ("家庭农场", "农民专业合作社", "种植大户")
        for _ in range(count // 20)
    ]
    return {
        **given,
        "negatives": pa.concat_tables([given["negatives"], shaped("negatives", listings)]),
        "conducts": shaped("conducts", arrears),
        "farms": shaped("farms", farms),
    }, ppm


def by_unit(decided: Decided) -> dict[str, dict[str, Any]]:
    """Decision, figures and, of a grower, what a visit is told."""
    rows = {row["unit_code"]: {"tags": [], **row} for row in decided.waterfall.to_pylist()}
    for table in (decided.follow_up, decided.decisions):
        for row in table.to_pylist():
            rows[row["unit_code"]] |= row
    return rows


@pytest.mark.parametrize("text", [TEXT, BORROWER_ONLY, GROWERS], ids=["as shipped", "borrower only", "tiers"])
def test_households_by_chance_are_screened_as_by_the_second_reckoning(text):
    given, ppm = some_county(3, 1000)
    ours = by_unit(decide(given, lambda _: scored(ppm), in_force(text), AS_OF))
    rows = {name: table.to_pylist() for name, table in given.items()}
    theirs = reference_limits(rows, ppm, tomllib.loads(text, parse_float=Decimal), AS_OF, COUNTY)
    names = ("decision", "screen", "tags", "limit_yuan", "borrower_member_no", "headroom_yuan")
    wrong = [(u, n, ours[u][n], row[n]) for u, row in theirs.items() for n in names if ours[u][n] != row[n]]
    wrong += [
        (u, ours[u]["reason_codes"], r["reasons"]) for u, r in theirs.items() if ours[u]["reason_codes"] != r["reasons"]
    ]
    assert wrong[:5] == []
    assert {row["screen"] for row in ours.values()} == set(DARKER)
    assert sum("GREY_LIST" in row["reason_codes"] for row in ours.values()) >= 25
    assert {tag for row in ours.values() for tag in row["tags"]} >= {"family_farm", "cooperative", "other_farm"}


@pytest.mark.parametrize("text", [TEXT, BORROWER_ONLY], ids=["as shipped", "borrower only"])
@pytest.mark.parametrize("code", ["F01", "2", "2,F01", "8"])
def test_one_more_listing_never_makes_a_household_lighter(code, text):
    """The figure is asked of what passes to the whole household: another borrower may have a longer term."""
    given, ppm = some_county(4, 500)
    units = given["households"].column("unit_code").to_pylist()
    more = shaped("negatives", [listing(unit, code, 1) for unit in units])
    policy = in_force(text)
    before = by_unit(decide(given, lambda _: scored(ppm), policy, AS_OF))
    worse = {**given, "negatives": pa.concat_tables([given["negatives"], more])}
    after = by_unit(decide(worse, lambda _: scored(ppm), policy, AS_OF))
    assert [u for u in units if DARKER[after[u]["screen"]] < DARKER[before[u]["screen"]]] == []
    if text is TEXT:
        assert [u for u in units if after[u]["allocated_yuan"] > before[u]["allocated_yuan"]] == []
        assert [u for u in units if (after[u]["decision"], before[u]["decision"]) == ("granted", "declined")] == []
    if code == "8":
        assert after == {
            u: {**after[u], **{k: v for k, v in row.items() if k != "findings"}} for u, row in before.items()
        }


def test_the_colour_tells_what_the_reasons_are_and_a_clean_household_has_a_typed_empty_list():
    given, ppm = some_county(5, 500)
    decided = decide(given, lambda _: scored(ppm), in_force(TEXT), AS_OF)
    for row in decided.decisions.to_pylist():
        kinds = {SCREEN[code] for code in row["reason_codes"] if code in SCREEN}
        expected = "black" if "declined" in kinds else "grey" if kinds else "white"
        if "BUDGET_EXHAUSTED" not in row["reason_codes"]:
            assert row["screen"] == expected
    clean = decide(facts(), lambda _: scores(30_000), in_force(TEXT), AS_OF).decisions
    assert clean.column("reason_codes").to_pylist() == [[]]
    assert clean.schema.field("reason_codes").type == pa.list_(pa.string())
    assert clean.column("screen").to_pylist() == ["white"]


def test_a_person_may_grant_who_is_on_the_grey_list():
    assert "GREY_LIST" in REVIEWED_REASONS
    assert "GREY_LIST" in DECISION_REASONS


def test_a_policy_without_the_section_declines_every_listing_but_the_refused():
    start, end = TEXT.index("[screen]"), TEXT.index("[relief]")
    bare = in_force(TEXT[:start] + TEXT[end:])
    given = facts(negatives=[{k: v for k, v in listing(UNIT, "2").items() if k != "unit_code"}])
    (row,) = decide(given, lambda _: scores(30_000), bare, AS_OF).decisions.to_pylist()
    assert (row["decision"], row["reason_codes"], row["screen"]) == ("declined", ["NEGATIVE_LIST"], "black")
    hearsay = facts(negatives=[{k: v for k, v in listing(UNIT, "15").items() if k != "unit_code"}])
    (row,) = decide(hearsay, lambda _: scores(30_000), bare, AS_OF).decisions.to_pylist()
    assert (row["decision"], row["screen"]) == ("granted", "white")


def test_the_shipped_dictionary_has_the_eighteen_items_and_refuses_status_health_and_hearsay():
    policy = load_policy(TEXT)
    known = {code: reason.colour for reason in policy.screen.reasons for code in reason.codes}
    assert {str(number) for number in range(1, 19)} <= set(known)
    assert {code for code, colour in known.items() if colour == "refused"} == REFUSED
    assert set(known.values()) == {"black", "grey", "refused"}
    assert known["F01"] == "black"


def test_another_policy_is_tried_on_what_was_measured():
    """By numbers in the place of contractor codes, as sealed runs keep them."""
    given, ppm = some_county(6, 400)
    decided = decide(given, lambda _: scored(ppm), in_force(TEXT), AS_OF)
    places = {code: place for place, code in enumerate(sorted(given["households"].column("unit_code").to_pylist()))}
    measured = {name: numbered(table, places) for name, table in decided.measured.items()}
    for text in (BORROWER_ONLY, GROWERS):
        anew = by_unit(decide(given, lambda _: scored(ppm), in_force(text), AS_OF))
        tried = {row["unit_code"]: row for row in apply_policy(measured, in_force(text), AS_OF).to_pylist()}
        names = ("decision", "limit_yuan", "reason_codes", "headroom_yuan")
        assert [(u, n) for u, row in anew.items() for n in names if row[n] != tried[places[u]][n]] == []


def numbered(table: pa.Table, places: dict[str, int]) -> pa.Table:
    if "unit_code" not in table.column_names:
        return table
    numbers = pa.array([places.get(code) for code in table.column("unit_code").to_pylist()], pa.int32())
    return table.set_column(table.column_names.index("unit_code"), "unit_code", numbers)


@pytest.mark.parametrize(
    ("change", "place", "word"),
    [
        (('codes = ["2", "R02"]', 'codes = ["2", "7"]'), "screen.reasons.7", "2 times"),
        (('refused_list_reasons = ["3",', 'refused_list_reasons = ["7",'), "screen.reasons.7", "black"),
        (
            ('related_party = "any_adult"', 'related_party = "borrower_only"'),
            "screen.contagion.related_party",
            "article 40",
        ),
        (('codes = ["2", "R02"]', 'codes = ["2,16"]'), "file", "codes"),
        (('codes = ["2", "R02"]', "codes = []"), "file", "codes"),
        (('overdue = "any_adult"', 'overdue = "nobody"'), "file", "overdue"),
        (('meaning = "游手好闲"', 'meaning = "信仰"'), "file", "信仰"),
        (('value = 100, unit = "mu"', 'value = 100, unit = "yuan"'), "figures.large_grower_mu", "should be mu"),
        (('value = 100, unit = "mu"', 'value = 0, unit = "mu"'), "figures.large_grower_mu", "everybody"),
        (('value = 100, unit = "mu"', 'value = 100.00001, unit = "mu"'), "figures.large_grower_mu", "four decimals"),
        (
            ('value = 100, unit = "mu"', 'value = 100, unit = "mu", crop = "棉花"'),
            "figures.large_grower_mu",
            "county only",
        ),
        (
            (
                'name = "large_grower_mu", value = 100, unit = "mu"',
                'name = "cap_large_grower", value = 300000, unit = "yuan"',
            ),
            "figures.cap_large_grower",
            "no large_grower_mu",
        ),
        (
            (
                'name = "large_grower_mu", value = 100, unit = "mu"',
                'name = "cap_family_farm", value = 199999, unit = "yuan"',
            ),
            "figures.cap_family_farm",
            "below the product's",
        ),
        (
            (
                'name = "large_grower_mu", value = 100, unit = "mu"',
                'name = "cap_family_farm", value = 200000.5, unit = "yuan"',
            ),
            "figures.cap_family_farm",
            "whole yuan",
        ),
    ],
)
def test_a_fault_of_the_screen_or_of_a_tier_is_named_with_its_place(change, place, word):
    changed = TEXT.replace(*change)
    assert changed != TEXT
    assert [fault for fault in check_policy(changed, AS_OF) if fault.place == place and word in fault.sentence]


@pytest.mark.parametrize("text", [TEXT, BORROWER_ONLY, GROWERS], ids=["as shipped", "borrower only", "tiers"])
def test_the_policies_of_these_tests_are_sound(text):
    assert check_policy(text, AS_OF) == []


def test_a_branch_may_raise_a_grower_up_to_the_tier_and_nobody_else_of_another_product():
    held = in_force(GROWERS)
    assert authority(held, "farmer_line").product_cap == 250_000
    assert authority(held, "trader_loan").product_cap == 100_000
    assert authority(in_force(TEXT), "farmer_line").product_cap == 200_000


def test_a_cap_just_at_the_products_is_sound():
    cap = (
        '{ name = "cap_family_farm", value = 200000, unit = "yuan", from = 2024-01-01, reference = "x", '
        "verified = false },"
    )
    assert check_policy(TEXT.replace("figures = [", f"figures = [\n{cap}", 1), AS_OF) == []
