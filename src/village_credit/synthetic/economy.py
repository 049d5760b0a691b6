"""Land, labour and luck become each year's incomes, and what the township's book says of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from village_credit.synthetic.chance import Bools, Floats, Ints, pick, stream
from village_credit.synthetic.land import COST_YUAN, PRICE_YUAN, YIELD_KG, Land
from village_credit.synthetic.people import People
from village_credit.synthetic.places import Places
from village_credit.synthetic.shocks import Shocks

LIVING_COST_YUAN = 6000.0  # per person and year, as a committee would assume


@dataclass(frozen=True)
class Traits:
    """What stays with a household over the years; yuan a year unless the name says otherwise."""

    ability: Floats
    will: Floats
    persons: Ints
    labourers: Ints
    wages: Floats
    livestock: Floats
    trade: Floats
    transfers: Floats
    sheep: Ints
    cattle: Ints
    assets: Floats
    informal_debts: Floats
    is_poor: Bools
    monitored_class: Ints
    was_poor: Bools
    is_member: Bools


@dataclass(frozen=True)
class Book:
    """One year of every household's book, in yuan."""

    planting: Floats
    livestock: Floats
    wages: Floats
    trade: Floats
    transfers: Floats
    production_cost: Floats
    living_cost: Floats
    assets: Floats
    debts: Floats


def draw_character(seed: int, count: int) -> tuple[Floats, Floats]:
    """Ability and will to repay: independent, standard normal, never delivered by any office."""
    return stream(seed, "ability").normal(0, 1, count), stream(seed, "will").normal(0, 1, count)


def build_traits(seed: int, people: People, land: Land, ability: Floats, will: Floats) -> Traits:
    """Side incomes, stock and standing of each household."""
    rng = stream(seed, "traits")
    count = ability.size
    inside = people.household >= 0
    present = inside & np.isnat(people.died) & ~people.has_moved_out
    persons = np.bincount(people.household[present], minlength=count)
    boost = np.exp(0.12 * ability)
    salaried = pick(rng, land.farmed_mu < 22, 0.10)
    earns = rng.random(count) < 0.66
    wages = np.where(earns, rng.lognormal(np.log(21000), 0.55, count), 0.0)
    wages = np.where(salaried, rng.uniform(70000, 150000, count), wages) * boost
    herds = rng.random(count) < 0.55
    sheep = np.where(herds, rng.poisson(rng.gamma(1.3, 12, count)), 0)
    cattle = np.where(rng.random(count) < 0.25, rng.poisson(2.2, count), 0)
    poor = pick(rng, (ability < 1.2) & ~land.is_grower & ~salaried, 0.062)
    trade = np.where(rng.random(count) < 0.10, rng.lognormal(np.log(34000), 0.6, count), 0.0) * boost
    return Traits(
        ability,
        will,
        np.maximum(persons, 1),
        np.clip(np.round(persons * rng.uniform(0.4, 0.75, count)), 1, 5).astype(np.int64),
        wages * np.where(poor, 0.85, 1.0),
        (sheep * 380.0 + cattle * 2600.0) * rng.uniform(0.8, 1.25, count) * boost,
        trade * ~poor,
        rng.uniform(800, 4200, count) + poor * rng.uniform(2000, 6000, count),
        sheep,
        cattle,
        rng.lognormal(np.log(110000), 0.5, count) * boost + 2500 * land.farmed_mu,
        np.where(rng.random(count) < 0.3, rng.lognormal(np.log(17000), 0.8, count) * np.exp(-0.25 * ability), 0.0),
        poor,
        _monitored(rng, poor, land),
        pick(rng, ~poor & ~land.is_grower & ~salaried, 0.03),
        rng.random(count) < 0.2,
    )


def _monitored(rng: np.random.Generator, poor: Bools, land: Land) -> Ints:
    """0 none, 1 脱贫不稳定户 (formerly poor ones only), 2 边缘易致贫户, 3 突发严重困难户."""
    unstable = poor & (rng.random(poor.size) < 0.25)
    edge = pick(rng, ~poor & (land.farmed_mu < 30), 0.014)
    sudden = pick(rng, ~poor & ~edge, 0.006)
    return np.where(unstable, 1, np.where(edge, 2, np.where(sudden, 3, 0))).astype(np.int64)


def write_book(seed: int, year: int, places: Places, shocks: Shocks, land: Land, traits: Traits) -> Book:
    """A year's book: truth with the year's luck and the clerk's rounding; a tenth keeps its harvest low."""
    rng = stream(seed, "book", year)
    count = traits.ability.size
    luck = shocks.of(places.household_village, year) + 0.1 * traits.ability + rng.normal(0, 0.1, count)
    modest = np.where(rng.random(count) < 0.1, rng.uniform(0.45, 0.8, count), 1.0)
    planting = land.crop_mu @ (YIELD_KG * PRICE_YUAN) * np.exp(luck) * modest
    livestock = traits.livestock * np.exp(rng.normal(0, 0.15, count) + 0.3 * shocks.of(places.household_village, year))
    trade = traits.trade * np.exp(rng.normal(0, 0.2, count))
    cost = land.crop_mu @ COST_YUAN * rng.normal(1.0, 0.07, count) * np.sqrt(modest) + 0.4 * livestock + 0.45 * trade
    wages = traits.wages * np.exp(rng.normal(0, 0.15, count))
    return Book(
        _tens(planting),
        _tens(livestock),
        _tens(wages),
        _tens(trade),
        _tens(traits.transfers * rng.uniform(0.9, 1.1, count)),
        _tens(np.maximum(cost, 200)),
        _tens(traits.persons * rng.uniform(3800, 6800, count)),
        _tens(traits.assets * rng.uniform(0.9, 1.1, count)),
        _tens(traits.informal_debts * rng.uniform(0.6, 1.4, count)),
    )


def _tens(value: Floats) -> Floats:
    return np.round(value, -1)


def income(land: Land, traits: Traits) -> Floats:
    """What a careful officer would recognise in an ordinary year, in yuan."""
    crops = land.crop_mu @ (YIELD_KG * PRICE_YUAN - COST_YUAN)
    made: Floats = crops + 0.7 * traits.livestock + 0.6 * (traits.wages + traits.trade)
    return made


def affordable_limit(land: Land, traits: Traits) -> Floats:
    """Roughly the line that income and harvest can carry, in yuan: the size of lines granted before."""
    stressed = 0.7 * income(land, traits)
    free = np.maximum(0.0, np.minimum(stressed / 2, stressed - LIVING_COST_YUAN * traits.persons))
    harvest = 0.5 * (land.crop_mu @ COST_YUAN)
    made: Floats = 0.95 * (free + harvest)
    return made
