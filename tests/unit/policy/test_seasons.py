"""Crop seasons within a line: which days, how much, and never more than all of it on any day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.conftest import AS_OF, MODELS
from village_credit.catalogue import run_tables
from village_credit.policy.check import check_policy
from village_credit.policy.model import Policy, load_policy
from village_credit.policy.seasons import season_faults, windows_ahead
from village_credit.policy.sections import Season
from village_credit.tables.seasons import season_schedule

COUNTY = "659900"
TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
SHIPPED = load_policy(TEXT)
SPRING = {"season": "春耕", "opens": "03-01", "closes": "06-30", "due": "12-15", "share": "0.6"}
WINTER = {"season": "冬麦", "opens": "09-20", "closes": "11-10", "due": "07-31", "share": "0.4", "crop": "小麦"}


def season(**changes: str) -> str:
    said = {"product": "farmer_line", "reference": "x", "from": "2026-01-01", **changes}
    words = [
        f"{name} = {value}" if name in ("share", "from") else f'{name} = "{value}"' for name, value in said.items()
    ]
    return "\n".join(["", "[[seasons]]", *words, ""])


def policy(*seasons: str) -> Policy:
    return load_policy(TEXT + "".join(seasons))


def faults(*seasons: str) -> list[str]:
    return [f"{one.place}: {one.sentence}" for one in check_policy(TEXT + "".join(seasons), AS_OF)]


def decisions(limit: int, **changes: Any) -> pa.Table:
    row = {
        "household_key": "h1",
        "product": "farmer_line",
        "decision": "granted",
        "revolving": True,
        "limit_yuan": limit,
        "valid_from": date(2026, 11, 2),
        "valid_to": date(2029, 11, 1),
    }
    schema = run_tables()["decisions"].schema()
    return pa.Table.from_pylist([dict.fromkeys(schema.names) | row | changes], schema=schema)


def crops(*names: str) -> pa.Table:
    schema = run_tables()["crop_terms"].schema()
    rows = [dict.fromkeys(schema.names) | {"household_key": "h1", "crop": n, "crop_mu": Decimal(1)} for n in names]
    return pa.Table.from_pylist(rows, schema=schema)


def schedule(limit: int, text: Policy, *grown: str, **changes: Any) -> list[dict[str, Any]]:
    table = season_schedule(decisions(limit, **changes), crops(*grown), text.in_force(AS_OF, COUNTY), AS_OF)
    assert table.schema.equals(run_tables()["seasons"].schema())
    return table.to_pylist()


def test_without_seasons_nothing_is_scheduled():
    assert schedule(50_000, policy()) == []


def test_a_season_is_drawn_in_its_days_and_due_after_the_harvest():
    rows = schedule(53_000, policy(season(**SPRING), season(**WINTER)), "小麦")
    told = [(r["season"], r["opens_on"], r["closes_on"], r["due_on"], r["amount_yuan"]) for r in rows]
    assert told == [
        ("冬麦", date(2026, 11, 2), date(2026, 11, 10), date(2027, 7, 31), 21_000),  # open already
        ("春耕", date(2027, 3, 1), date(2027, 6, 30), date(2027, 12, 15), 31_000),
    ]


def test_a_season_of_a_crop_is_for_who_grows_it():
    assert [row["season"] for row in schedule(50_000, policy(season(**SPRING), season(**WINTER)), "棉花")] == ["春耕"]


def test_nothing_is_due_after_the_line_s_last_day_and_nothing_opens_after_it():
    (row,) = schedule(50_000, policy(season(**SPRING)), valid_to=date(2027, 5, 1))
    assert (row["closes_on"], row["due_on"]) == (date(2027, 5, 1), date(2027, 5, 1))
    assert schedule(50_000, policy(season(**SPRING)), valid_to=date(2027, 2, 28)) == []


@pytest.mark.parametrize("changes", [{"decision": "manual_review"}, {"decision": "declined"}, {"revolving": False}])
def test_only_a_granted_line_that_revolves_has_seasons(changes: dict[str, Any]):
    assert schedule(50_000, policy(season(**SPRING)), **changes) == []


def test_the_latest_word_on_a_season_holds_and_nought_ends_it():
    earlier = season(**SPRING | {"from": "2025-01-01"})
    ended = season(**SPRING | {"share": "0", "from": "2026-01-01"})
    later = season(**SPRING | {"share": "0.9", "from": "2027-01-01"})
    assert schedule(50_000, policy(earlier, later)) != []
    assert schedule(50_000, policy(earlier, ended, later)) == []


@pytest.mark.parametrize(
    ("seasons", "fault"),
    [
        ([SPRING], None),
        ([SPRING, WINTER], None),
        ([SPRING | {"share": "0.7"}, WINTER], "come to 110% of the line"),
        ([SPRING | {"due": "03-15"}], "come to 120% of the line"),  # still owed when the next one opens
        ([SPRING | {"product": "poverty_micro_loan"}], "is repaid in instalments"),
        ([SPRING | {"county": "650102"}], "not in the service area"),
        ([SPRING | {"crop": "绵花"}], "has no norm in this policy"),
        ([SPRING | {"opens": "02-29"}], "opens"),
        ([SPRING | {"closes": "06-31"}], "closes"),
        ([SPRING | {"due": "13-01"}], "due"),
        ([SPRING | {"share": "1.2"}], "less than or equal to 1"),
    ],
)
def test_a_policy_with_unsound_seasons_is_named(seasons: list[dict[str, str]], fault: str | None):
    told = faults(*(season(**one) for one in seasons))
    assert told == [] if fault is None else any(fault in one for one in told)


DAYS = st.dates(date(2001, 1, 1), date(2001, 12, 31)).map(lambda day: f"{day:%m-%d}")
SEASONS = st.lists(
    st.fixed_dictionaries(
        {"opens": DAYS, "closes": DAYS, "due": DAYS, "share": st.sampled_from(["0.2", "0.35", "0.5", "1"])}
    ),
    min_size=1,
    max_size=3,
)


@given(
    SEASONS, st.integers(5, 200).map(lambda thousands: thousands * 1000), st.dates(date(2026, 11, 2), date(2028, 11, 1))
)
def test_what_is_open_or_owed_is_on_no_day_above_the_limit(seasons: list[dict[str, str]], limit: int, last_day: date):
    """Whatever seasons a sound policy names, and whenever the line ends."""
    words = {"product": "farmer_line", "from": date(2026, 1, 1), "reference": "x"}
    made = [{**words, **one, "season": f"s{n}", "share": Decimal(one["share"])} for n, one in enumerate(seasons)]
    found = SHIPPED.model_copy(update={"seasons": tuple(Season.model_validate(one) for one in made)})
    assume(not list(season_faults(found)))
    rows = schedule(limit, found, valid_to=last_day)
    for row in rows:
        assert row["opens_on"] <= row["closes_on"] <= row["due_on"] <= last_day
    for day in (AS_OF + timedelta(n) for n in range(1, 800)):
        assert sum(row["amount_yuan"] for row in rows if row["opens_on"] <= day <= row["due_on"]) <= limit


def test_each_season_is_told_once_the_one_that_has_not_closed():
    found = policy(season(**SPRING)).in_force(AS_OF, COUNTY)
    for day, year in ((date(2026, 6, 30), 2026), (date(2026, 7, 1), 2027), (date(2027, 3, 1), 2027)):
        (window,) = windows_ahead(found, day)
        assert window.opens_on.year == year


def plain_seasons(row: dict[str, Any], grown: set[str], seasons: list[Season]) -> list[tuple[Any, ...]]:
    """Reckon a line's seasons from the days that a calendar shows."""
    if row["decision"] != "granted" or not row["revolving"]:
        return []
    found = []
    for one in seasons:
        if one.product != row["product"] or (one.crop and one.crop not in grown):
            continue
        amount = int(row["limit_yuan"] * one.share) // 1000 * 1000
        opens, closes, due = on_the_calendar(one.opens, one.closes, one.due)
        if amount and opens <= row["valid_to"] and closes >= row["valid_from"]:
            ends = min(closes, row["valid_to"]), min(due, row["valid_to"])
            found.append((row["household_key"], one.season, max(opens, row["valid_from"]), *ends, amount))
    return found


@cache
def on_the_calendar(opening: str, closing: str, due: str) -> tuple[date, date, date]:
    """Go day by day to the first season that has not closed."""
    first = AS_OF + timedelta(1)
    opens = first - timedelta(400)
    while not (f"{opens:%m-%d}" == opening and next_day(closing, opens) >= first):
        opens += timedelta(1)
    closes = next_day(closing, opens)
    return opens, closes, next_day(due, closes)


def next_day(month_and_day: str, after: date) -> date:
    day = after + timedelta(1)
    while f"{day:%m-%d}" != month_and_day:
        day += timedelta(1)
    return day


def test_twenty_thousand_random_lines_have_the_seasons_of_a_plain_reckoning():
    chance = Random(31)
    rice = {"season": "两年", "opens": "12-20", "closes": "01-15", "due": "02-01", "share": "0.333333", "crop": "玉米"}
    found = policy(season(**SPRING), season(**WINTER), season(**rice))
    keys = [f"h{n:05d}" for n in range(20_000)]
    rows = [
        {
            **decisions(0).to_pylist()[0],
            "household_key": key,
            "product": chance.choice(["farmer_line", "farmer_line", "trader_loan"]),
            "decision": chance.choice(["granted", "granted", "declined"]),
            "revolving": chance.random() < 0.8,
            "limit_yuan": chance.randrange(5, 200) * 1000,
            "valid_from": (start := AS_OF + timedelta(chance.randrange(-900, 2))),
            "valid_to": start + timedelta(chance.randrange(902, 1100)),
        }
        for key in keys
    ]
    grown = {key: {crop for crop in ("小麦", "玉米", "棉花") if chance.random() < 0.4} for key in keys}
    schemas = {name: run_tables()[name].schema() for name in ("decisions", "crop_terms")}
    terms = [
        dict.fromkeys(schemas["crop_terms"].names) | {"household_key": key, "crop": crop, "crop_mu": Decimal(1)}
        for key, crops_of in grown.items()
        for crop in sorted(crops_of)
    ]
    tables = (pa.Table.from_pylist(r, schema=schemas[n]) for r, n in ((rows, "decisions"), (terms, "crop_terms")))
    told = season_schedule(*tables, found.in_force(AS_OF, COUNTY), AS_OF).to_pylist()
    names = ("household_key", "season", "opens_on", "closes_on", "due_on", "amount_yuan")
    expected = [line for row in rows for line in plain_seasons(row, grown[row["household_key"]], list(found.seasons))]
    assert len(expected) > 5_000
    assert sorted(tuple(row[name] for name in names) for row in told) == sorted(expected)
