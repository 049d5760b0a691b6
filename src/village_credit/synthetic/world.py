"""One latent truth of a county: everything that its offices will tell parts of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from village_credit.synthetic import bank
from village_credit.synthetic.chance import years_before
from village_credit.synthetic.economy import Traits, build_traits, draw_character
from village_credit.synthetic.land import Land, build_land
from village_credit.synthetic.people import People, build_people
from village_credit.synthetic.places import Places, build_places
from village_credit.synthetic.shocks import Shocks, build_shocks

OBSERVED_YEARS = 3


@dataclass(frozen=True)
class World:
    """The county as it is, whoever writes it down."""

    seed: int
    as_of: date
    places: Places
    people: People
    shocks: Shocks
    land: Land
    traits: Traits
    exposures: bank.Exposures
    conducts: bank.Conducts
    lines: bank.Lines
    lists: bank.Lists


def build_world(seed: int, county_code: str, villages: int, households: int, born_as_of: date, as_of: date) -> World:
    """Make a county. `born_as_of` fixes who lives there, `as_of` what has happened so far."""
    places = build_places(seed, county_code, villages, households)
    people = build_people(seed, places, born_as_of)
    shocks = build_shocks(seed, villages, born_as_of.year + 1)
    ability, will = draw_character(seed, households)
    land = build_land(seed, places, ability, as_of)
    traits = build_traits(seed, people, land, ability, will)
    return World(
        seed,
        as_of,
        places,
        people,
        shocks,
        land,
        traits,
        bank.build_exposures(seed, traits, as_of),
        bank.build_conducts(seed, traits, as_of),
        bank.build_lines(seed, land, traits, as_of),
        bank.build_lists(seed, households),
    )


def earlier_days(as_of: date) -> list[date]:
    """The days of the delivered history, oldest first."""
    return [years_before(as_of, years) for years in range(OBSERVED_YEARS, 0, -1)]
