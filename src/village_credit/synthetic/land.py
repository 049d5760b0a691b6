"""Households get land: parcels, leases and the crops that grow on what they farm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from village_credit.synthetic.chance import Bools, Dates, Floats, Ints, day, pick, rounded, stream, sums
from village_credit.synthetic.places import Places

CROPS = ("棉花", "小麦", "玉米", "核桃", "红枣", "油葵")
COTTON, RARE = 0, 5
# Near what is published of Xinjiang for 2022 to 2025 where anything is (limit_policy.toml has the references).
YIELD_KG = np.array([155.0, 400.0, 606.0, 97.0, 400.0, 180.0])  # per mu; lint for cotton
PRICE_YUAN = np.array([13.5, 2.6, 2.1, 14.0, 6.0, 5.5])  # per kg
COST_YUAN = np.array([1585.0, 500.0, 600.0, 300.0, 700.0, 350.0])  # cash, per mu
LINT_OUTTURN = 0.42  # kg of lint per kg of seed cotton delivered
GROWER_SHARE = 0.02


@dataclass(frozen=True)
class Parcels:
    """One row per registered parcel, households in order."""

    household: Ints
    area_mu: Floats
    method_code: Ints


@dataclass(frozen=True)
class Leases:
    """One row per sub-lease; `to_household` -1 is a taker outside the county."""

    from_household: Ints
    to_household: Ints
    area_mu: Floats
    starts: Dates
    ends: Dates


@dataclass(frozen=True)
class Land:
    """What a household holds, farms and grows; areas in mu."""

    parcels: Parcels
    leases: Leases
    registered_mu: Floats
    farmed_mu: Floats
    subsidised_mu: Floats
    crop_mu: Floats
    is_grower: Bools


def build_land(seed: int, places: Places, ability: Floats, as_of: date) -> Land:
    """Right-skewed holdings, mostly 5–80 mu, a few growers with more than 200."""
    rng = stream(seed, "land", "areas")
    count = ability.size
    wanted = np.clip(rng.lognormal(np.log(25), 0.72, count) * np.exp(0.1 * ability), 1.2, 190)
    grower = pick(rng, ability > -0.5, GROWER_SHARE)
    wanted = np.where(grower, 200 + rng.exponential(190, count), wanted)
    parcels = _parcels(stream(seed, "land", "parcels"), wanted, grower)
    registered = sums(parcels.household, parcels.area_mu, count)
    counted = sums(parcels.household, parcels.area_mu * (parcels.method_code < 200), count)
    leases = _leases(stream(seed, "land", "leases"), places, registered, as_of)
    farmed = rounded(np.maximum(counted + _leased_net(leases, count, as_of), 0.5))
    return Land(
        parcels,
        leases,
        registered,
        farmed,
        _subsidised(stream(seed, "land", "subsidised"), farmed),
        _crops(stream(seed, "land", "crops"), places, farmed),
        grower,
    )


def _parcels(rng: np.random.Generator, wanted: Floats, grower: Bools) -> Parcels:
    number = np.clip(1 + rng.poisson(wanted / 14), 1, 8)
    household = np.repeat(np.arange(wanted.size), number)
    pieces = rng.gamma(3.0, 1.0, household.size)
    share = pieces / np.bincount(household, pieces, wanted.size)[household]
    area = np.maximum(np.round(share * wanted[household], 2), 0.15)
    method = np.where(rng.random(household.size) < 0.01, 300, 110)
    method = np.where(grower[household] & (rng.random(household.size) < 0.6), 123, method)
    return Parcels(household.astype(np.int64), area, method.astype(np.int64))


def _leases(rng: np.random.Generator, places: Places, registered: Floats, as_of: date) -> Leases:
    """Households let part of their land to another of the same village, a few to takers outside."""
    count = registered.size
    source = np.flatnonzero(pick(rng, registered > 4, 0.06) if count > 1 else np.zeros(count, np.bool_))
    village = places.household_village
    first, last = (np.searchsorted(village, village[source]), np.searchsorted(village, village[source], "right"))
    taker = first + rng.integers(0, 10**9, source.size) % np.maximum(last - first, 1)
    taker = np.where((rng.random(source.size) < 0.05) | (taker == source), -1, taker)
    starts = day(as_of) - rng.integers(60, 3 * 365, source.size).astype("timedelta64[D]")
    length = np.where(rng.random(source.size) < 0.15, 40, rng.integers(4 * 365, 8 * 365, source.size))
    area = np.round(registered[source] * rng.uniform(0.15, 0.6, source.size), 2)
    return Leases(source, taker.astype(np.int64), area, starts, starts + length.astype("timedelta64[D]"))


def _leased_net(leases: Leases, count: int, as_of: date) -> Floats:
    """Mu taken minus mu let, of the leases in force."""
    area = leases.area_mu * (leases.ends >= day(as_of))
    inside = leases.to_household >= 0
    taken = sums(leases.to_household[inside], area[inside], count)
    return taken - sums(leases.from_household, area, count)


def _subsidised(rng: np.random.Generator, farmed: Floats) -> Floats:
    """Close to the register; a tenth differs by more than a fifth."""
    near = farmed * (1 - np.abs(rng.normal(0, 0.03, farmed.size)))
    far = farmed * np.where(rng.random(farmed.size) < 0.7, rng.uniform(0.4, 0.78, farmed.size), 1.35)
    return rounded(np.where(rng.random(farmed.size) < 0.1, far, near))


def _crops(rng: np.random.Generator, places: Places, farmed: Floats) -> Floats:
    """Mu per household and crop: the village's main crop, mostly a second one, seldom the rare one."""
    count = farmed.size
    usual = np.array([0.42, 0.16, 0.2, 0.11, 0.11, 0.0])
    village_main = rng.choice(6, places.village_codes.size, p=usual)
    own = rng.choice(6, count, p=usual)
    main = np.where(rng.random(count) < 0.65, village_main[places.household_village], own)
    second = rng.choice(6, count, p=usual)
    share = np.where(rng.random(count) < 0.3, 1.0, rng.uniform(0.5, 0.9, count))
    area = np.zeros((count, len(CROPS)))
    rows = np.arange(count)
    area[rows, main] += share * farmed
    area[rows, second] += (1 - share) * farmed
    rare = pick(rng, area[:, COTTON] < farmed, 0.012)
    area[rare, RARE] += 0.3 * farmed[rare]
    area[rare, :RARE] *= 0.7
    return np.round(area, 2)
