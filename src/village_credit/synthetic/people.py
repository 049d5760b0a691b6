"""Households become people: heads, spouses, children, parents, with birth, death, identity and phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from village_credit.synthetic import identities, names
from village_credit.synthetic.chance import NEVER, Bools, Dates, Floats, Ints, Texts, day, pick, stream
from village_credit.synthetic.places import Places

HEAD, SPOUSE, CHILD, PARENT = 0, 1, 2, 3
MAX_CHILDREN = 5
OUTSIDER_SHARE = 0.003  # traders on no register, per household


@dataclass(frozen=True)
class People:
    """One row per person, by household and then register order; outsiders last with household -1."""

    household: Ints
    relation: Ints
    is_male: Bools
    born: Dates
    died: Dates
    has_moved_out: Bools
    name_newer: Texts
    name_older: Texts
    id_number: Texts
    phone: Texts
    head: Ints
    current_head: Ints

    def age_on(self, moment: date) -> Ints:
        """Completed years, close enough for life's events (a leap day is ignored)."""
        return ((day(moment) - self.born).astype(np.int64) / 365.2425).astype(np.int64)

    def lives_on(self, moment: date) -> Bools:
        return (self.born < day(moment)) & ~(self.died <= day(moment))


@dataclass(frozen=True)
class _Family:
    """Ages of possible members, one row per household; not a number where there is nobody."""

    head: Floats
    head_male: Bools
    spouse: Floats
    children: Floats
    parents: Floats


def build_people(seed: int, places: Places, as_of: date) -> People:
    """Families with about four members (domain figure 4.07), a few of them only too old or too young."""
    count = places.household_village.size
    family = _draw_families(stream(seed, "people", "families"), count)
    outsiders = max(2, round(OUTSIDER_SHARE * count))
    ages, household, relation, male = _stack(seed, family, outsiders)
    born = _births(stream(seed, "people", "births"), ages, as_of)
    kind = _name_kinds(seed, places, household)
    head = np.flatnonzero(relation == HEAD)[:count]
    named = names.build_names(seed, kind, male, _fathers(household, relation, male, head))
    died = _deaths(seed, household, relation, as_of)
    moved = _moves(seed, relation, male, ages)
    return People(
        household,
        relation,
        male,
        born,
        died,
        moved,
        named.newer,
        named.older,
        identities.id_numbers(places.county_code, born, male),
        identities.phone_numbers(int(stream(seed, "people", "phones").integers(10**8)), household.size),
        head,
        _current_heads(household, relation, ages, died, moved, head),
    )


def _draw_families(rng: np.random.Generator, count: int) -> _Family:
    head = np.clip(rng.normal(47, 10.5, count), 21, 84)
    lonely_old = pick(rng, np.ones(count, np.bool_), 0.008) if count > 1 else np.zeros(count, np.bool_)
    orphans = pick(rng, ~lonely_old, 0.002) if count > 1 else np.zeros(count, np.bool_)
    head = np.where(lonely_old, rng.uniform(67, 84, count), np.where(orphans, rng.uniform(9, 16.5, count), head))
    small = lonely_old | orphans
    spouse = np.where(rng.random(count) < 0.86, np.maximum(head - rng.normal(2, 3, count), 20), np.nan)
    spouse = np.where(orphans | (lonely_old & (rng.random(count) < 0.5)), np.nan, spouse)
    spouse = np.where(lonely_old, np.maximum(spouse, 66), spouse)
    wanted = np.minimum(rng.poisson(1.9, count), MAX_CHILDREN)[:, None] > np.arange(MAX_CHILDREN)
    children = head[:, None] - 23 - 3 * np.arange(MAX_CHILDREN) + rng.normal(0, 2.5, (count, MAX_CHILDREN))
    gone = (children > 25) & (rng.random(children.shape) < 0.55)
    children = np.where(wanted & (children > 0.1) & ~gone & ~small[:, None], children, np.nan)
    at_home = (rng.random((count, 2)) < 0.2) & (head < 58)[:, None] & ~small[:, None]
    parents = np.where(at_home, head[:, None] + 23 + rng.normal(0, 2, (count, 2)), np.nan)
    return _Family(head, rng.random(count) < 0.9, spouse, children, np.minimum(parents, 92))


def _stack(seed: int, family: _Family, outsiders: int) -> tuple[Floats, Ints, Ints, Bools]:
    """Ages, household, relation and sex of everyone, households in order, outsiders at the end."""
    rng = stream(seed, "people", "stack")
    count = family.head.size
    grid = np.column_stack([family.head, family.spouse, family.children, family.parents])
    relation = np.tile(np.array([HEAD, SPOUSE] + [CHILD] * MAX_CHILDREN + [PARENT, PARENT]), (count, 1))
    male = rng.random(grid.shape) < 0.51
    male[:, 0], male[:, 1] = family.head_male, ~family.head_male
    male[:, -2], male[:, -1] = True, False
    household = np.tile(np.arange(count)[:, None], (1, grid.shape[1]))
    here = ~np.isnan(grid)
    ages = np.concatenate([grid[here], rng.uniform(24, 58, outsiders)])
    return (
        ages,
        np.concatenate([household[here], np.full(outsiders, -1)]).astype(np.int64),
        np.concatenate([relation[here], np.full(outsiders, HEAD)]).astype(np.int64),
        np.concatenate([male[here], rng.random(outsiders) < 0.6]),
    )


def _births(rng: np.random.Generator, ages: Floats, as_of: date) -> Dates:
    days = np.maximum((ages * 365.2425).astype(np.int64), 10)
    born: Dates = day(as_of) - days.astype("timedelta64[D]") - rng.integers(0, 25, ages.size).astype("timedelta64[D]")
    return born


def _name_kinds(seed: int, places: Places, household: Ints) -> Ints:
    """Villages differ in who lives there; a tenth of a village's households differ from the rest."""
    rng = stream(seed, "people", "kinds")
    chances = (0.3, 0.55, 0.15)
    village = rng.choice(3, places.village_codes.size, p=chances)
    own = rng.choice(3, places.household_village.size, p=chances)
    mixed = rng.random(own.size) < 0.1
    kind = np.where(mixed, own, village[places.household_village])
    made = np.where(household >= 0, kind[household], rng.choice(3, household.size, p=chances))
    return made.astype(np.int64)


def _fathers(household: Ints, relation: Ints, male: Bools, head: Ints) -> Ints:
    """The row of the household's head for children, where the head is a man; -1 otherwise."""
    own = head[np.maximum(household, 0)]
    return np.where((relation == CHILD) & (household >= 0) & male[own], own, -1)


def _deaths(seed: int, household: Ints, relation: Ints, as_of: date) -> Dates:
    """Members who died since the register was surveyed and still stand in it."""
    rng = stream(seed, "people", "deaths")
    share = np.array([0.035, 0.015, 0.001, 0.15])[relation]
    dead = (rng.random(household.size) < share) & (household >= 0)
    when = day(as_of) - rng.integers(20, 8 * 365, household.size).astype("timedelta64[D]")
    return np.where(dead, when, NEVER)


def _moves(seed: int, relation: Ints, male: Bools, ages: Floats) -> Bools:
    """Daughters who married into another village stay registered with their parents."""
    rng = stream(seed, "people", "moves")
    moved: Bools = (relation == CHILD) & ~male & (ages > 22) & (rng.random(ages.size) < 0.5)
    return moved


def _current_heads(household: Ints, relation: Ints, ages: Floats, died: Dates, moved: Bools, head: Ints) -> Ints:
    """Who speaks for the household now: the head, else the spouse, else the eldest adult; else the old head."""
    able = (household >= 0) & np.isnat(died) & ~moved & (ages >= 18)
    rank = np.where(relation == HEAD, 300.0, np.where(relation == SPOUSE, 200.0, ages))
    rows = np.flatnonzero(able)
    rows = rows[np.lexsort((rank[rows], household[rows]))]
    current = head.copy()
    current[household[rows]] = rows  # the last one written has the highest rank
    return current
