"""What the bank knows of households: open credit, conduct, lines granted before, lists; and loans that follow."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date

import numpy as np

from village_credit.synthetic.chance import (
    Bools,
    Dates,
    Floats,
    Ints,
    Texts,
    add_months,
    choose,
    day,
    pick,
    sigmoid,
    stream,
    years_before,
)
from village_credit.synthetic.economy import Traits, affordable_limit, income
from village_credit.synthetic.land import Land
from village_credit.synthetic.places import Places
from village_credit.synthetic.shocks import Shocks

OTHER_CREDIT = ("农户小额信用贷款", "住房按揭贷款")
GUARANTEES = ("信用", "保证", "抵押")
DRAW_SHARE = 0.4  # of households with a line that draw within the year: believed 15–35%, more here to train on
LAST_DRAW = 200  # days after the observation: later draws could not default within its year
PROVEN_BAD = 0.5  # of defaults in a village's disaster whose cause is proven
CHANCE = 0.25  # standard deviation of what no fact explains, in log odds
BASE_LOG_ODDS = -3.6  # gives a share of defaults between 3 and 6%


@dataclass(frozen=True)
class Exposures:
    """One row per open credit, yuan."""

    household: Ints
    product: Texts
    credit: Floats
    balance: Floats
    guarantee: Texts
    due: Dates


@dataclass(frozen=True)
class Conducts:
    """One row per loan whose repayment the bank knows."""

    household: Ints
    opened: Dates
    due: Dates
    worst_days: Ints
    days_now: Ints
    is_relief: Bools
    is_proven: Bools
    product: Texts
    settled: Dates


@dataclass(frozen=True)
class Lines:
    """One row per line granted before."""

    household: Ints
    limit: Floats
    starts: Dates
    ends: Dates


@dataclass(frozen=True)
class Lists:
    """Households with a listed, related or objecting member; the row's own list says what."""

    negative_in_force: Ints
    negative_expired: Ints
    negative_old: Ints
    related: Ints
    refuses: Ints
    disputes: Ints
    withdrew: Ints


RENAMED = date(2026, 2, 28)  # when the subsidised loan got its newer name


def build_exposures(seed: int, traits: Traits, as_of: date) -> Exposures:
    """A fifth of households owe the bank something else; a few owe much without security."""
    rng = stream(seed, "exposures")
    count = traits.ability.size
    owes = pick(rng, np.ones(count, np.bool_), 0.16)
    heavy = pick(rng, ~owes, 0.075)
    household = np.flatnonzero(owes | heavy)
    size = household.size
    is_heavy = heavy[household]
    credit = np.round(np.where(is_heavy, rng.uniform(150000, 210000, size), rng.uniform(8000, 60000, size)), -3)
    share = np.where(is_heavy, rng.uniform(0.02, 0.12, size), rng.uniform(0.2, 1.0, size))
    secured = choose(rng, GUARANTEES, size)
    due = day(as_of) + rng.integers(30, 5 * 365, size).astype("timedelta64[D]")
    poverty = pick(rng, traits.is_poor[household], 0.02)
    renamed = (np.cumsum(poverty) % 2 == 0) & (as_of >= RENAMED)  # every second one is of the newer name
    product = np.where(poverty, np.where(renamed, "帮扶小额信贷", "脱贫人口小额信贷"), choose(rng, OTHER_CREDIT, size))
    guarantee = np.where(is_heavy | poverty, "信用", secured)
    return Exposures(
        household,
        product,
        np.where(poverty, 50000.0, credit),
        np.where(poverty, 30000.0, np.round(credit * share, 2)),
        guarantee,
        due,
    )


def build_conducts(seed: int, traits: Traits, as_of: date) -> Conducts:
    """Loans of the past five years: arrears tell of will; some were excused by a proven disaster."""
    rng = stream(seed, "conducts")
    count = traits.ability.size
    knows = rng.random(count) < 0.35
    household = np.flatnonzero(knows | traits.was_poor)
    size = household.size
    opened = day(as_of) - rng.integers(400, 1700, size).astype("timedelta64[D]")
    due = opened + rng.integers(365, 1095, size).astype("timedelta64[D]")
    late = rng.random(size) < sigmoid(-1.1 - 1.0 * traits.will[household] - 0.3 * traits.ability[household])
    worst = np.where(late, np.minimum(rng.geometric(1 / 22, size), 400), 0)
    now = np.where(late & (rng.random(size) < 0.045), worst, 0)
    hard = pick(rng, np.ones(size, np.bool_), 0.006)
    now = np.where(hard, rng.integers(91, 300, size), now)
    relief = pick(rng, now > 0, 0.004)
    proven = relief & (rng.random(size) < 0.7)
    worst = np.maximum(worst, now)
    poor = traits.was_poor[household]
    settled = np.where((now == 0) & (due < day(as_of)), due, np.datetime64("NaT", "D"))
    opened = np.where(poor, day(as_of) - np.timedelta64(1200, "D"), opened)
    due = np.where(poor, day(as_of) - np.timedelta64(200, "D"), due)
    settled = np.where(poor, due, settled)
    return Conducts(
        household,
        opened,
        due,
        np.where(poor, np.minimum(worst, 20), worst),
        np.where(poor, 0, now),
        relief & ~poor,
        proven & ~poor,
        np.where(poor, "脱贫人口小额信贷", choose(rng, OTHER_CREDIT, size)),
        settled,
    )


def build_lines(seed: int, land: Land, traits: Traits, as_of: date) -> Lines:
    """An eighth of households have a line already, some of a third of what they could carry today."""
    rng = stream(seed, "lines")
    can = affordable_limit(land, traits)
    household = np.flatnonzero(pick(rng, (can > 12000) & ~traits.is_poor & ~traits.was_poor, 0.12))
    share = np.where(
        rng.random(household.size) < 0.65, rng.uniform(0.2, 0.5, household.size), rng.uniform(0.7, 1.1, household.size)
    )
    limit = np.maximum(np.floor(np.minimum(can[household], 120000) * share / 1000) * 1000, 5000)
    starts = day(as_of) - rng.integers(30, 700, household.size).astype("timedelta64[D]")
    return Lines(household, limit, starts, add_months(starts, 36) - np.timedelta64(1, "D"))


def build_lists(seed: int, count: int) -> Lists:
    """Few households each, none on two lists."""
    order = stream(seed, "lists").permutation(count)
    shares = (0.004, 0.002, 0.002, 0.003, 0.003, 0.002, 0.002)
    sizes = [max(1 if count >= 50 else 0, round(share * count)) for share in shares]
    edges = np.cumsum([0, *sizes])
    return Lists(*(np.sort(order[a:b]).astype(np.int64) for a, b in itertools.pairwise(edges)))


@dataclass(frozen=True)
class Followed:
    """Loans drawn in the year after a day, and how they went within twelve months.

    `parts`: what each of the world's facts adds to the log odds of a default that counts; rows as in `conducts`.
    """

    conducts: Conducts
    parts: dict[str, Floats]


def follow(
    seed: int, places: Places, shocks: Shocks, land: Land, traits: Traits, past: Conducts, as_of: date
) -> Followed:
    """Default depends on ability, will, debt, land, spread of incomes, past arrears and the village's year."""
    rng = stream(seed, "follow", as_of.isoformat())
    count = traits.ability.size
    household = np.flatnonzero(rng.random(count) < DRAW_SHARE)
    size = household.size
    made = _parts_of_default(places, shocks, land, traits, past, as_of)
    parts = {name: part[household] for name, part in made.items()} | {"chance": rng.normal(0, CHANCE, size)}
    log_odds = _total(parts)
    bad = rng.random(size) < sigmoid(log_odds)
    opened = day(as_of) + rng.integers(10, LAST_DRAW, size).astype("timedelta64[D]")
    # a default of the year began early enough to be one before its end, and runs on until then
    first = opened.astype(np.int64) + 30
    last = day(as_of).astype(np.int64) + 273
    start = first + np.floor(rng.random(size) * (last - first)).astype(np.int64)
    end = day(years_before(as_of, -1)).astype(np.int64)
    worst = np.where(bad, end - start, np.where(rng.random(size) < 0.2, rng.integers(1, 60, size), 0))
    disaster = shocks.disaster(places.household_village[household], as_of.year + 1)
    proven = disaster & (rng.random(size) < np.where(bad, PROVEN_BAD, 0.2))  # some are extended before they fall behind
    late, repaid = worst > 0, opened + np.timedelta64(300, "D")
    return Followed(
        Conducts(
            household,
            opened,
            opened + np.timedelta64(365, "D"),
            worst.astype(np.int64),
            np.where(bad, worst, 0).astype(np.int64),
            proven,
            proven,
            np.full(size, "农贷通", dtype=object),
            np.where(late | (repaid > np.datetime64(int(end), "D")), np.datetime64("NaT", "D"), repaid),
        ),
        parts | {"proven_relief": _relieved(log_odds, disaster)},
    )


def _total(parts: dict[str, Floats]) -> Floats:
    """Add parts up in their order, which fixes the last bit."""
    made: Floats = np.zeros(1)
    for part in parts.values():
        made = made + part
    return made


def _relieved(log_odds: Floats, disaster: Bools) -> Floats:
    """What it takes from the log odds that a default in a disaster may be proven, and is none then."""
    counted = sigmoid(log_odds) * np.where(disaster, 1 - PROVEN_BAD, 1.0)
    made: Floats = np.log(counted / (1 - counted)) - log_odds
    return made


def _parts_of_default(
    places: Places, shocks: Shocks, land: Land, traits: Traits, past: Conducts, as_of: date
) -> dict[str, Floats]:
    """What each fact adds to the log odds of every household, the base first."""
    count = traits.ability.size
    earned = np.maximum(income(land, traits), 1000.0)
    worst = np.zeros(count)
    np.maximum.at(worst, past.household, np.where(past.is_proven, 0, past.worst_days))
    debt = np.minimum(traits.informal_debts / earned, 3.0)
    spread = (traits.wages > 0).astype(float) + (traits.livestock > 0) + (traits.trade > 0)
    luck = shocks.of(places.household_village, as_of.year + 1)
    return {
        "base": np.full(count, BASE_LOG_ODDS),
        "ability": -0.55 * traits.ability,
        "will": -0.65 * traits.will,
        "debt": 0.7 * debt,
        "income": -0.45 * np.log(np.maximum(earned / traits.persons, 500.0) / 12000.0),
        "income_sources": -0.15 * spread,
        "past_arrears": 0.9 * (worst > 0),
        "long_past_arrears": 0.9 * (worst > 30),
        "village_year": -1.8 * np.minimum(luck, 0.3),
    }
