"""Arguments become a county on disk: deliveries in the inbox, the truth beside it, and, if asked, its history."""

from __future__ import annotations

import csv
import dataclasses
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.synthetic import bank
from village_credit.synthetic.chance import years_before
from village_credit.synthetic.damage import damage_files
from village_credit.synthetic.deliver_bank import bank_files, conduct_table
from village_credit.synthetic.deliver_land import list_files, register_files
from village_credit.synthetic.deliver_offices import station_files
from village_credit.synthetic.tables import Damaged, File
from village_credit.synthetic.world import World, build_world, earlier_days
from village_credit.synthetic.write import write_files

Damage = Literal["none", "typical", "hostile"]


@dataclass(frozen=True)
class SyntheticCounty:
    """What was written, by count and place. All of it is synthetic."""

    county_code: str
    households: int
    persons: int
    files: int
    damaged_lines: int
    inbox: str
    truth: str
    history: list[str]


def synthesize(
    out: Path,
    county_code: str,
    villages: int,
    households: int,
    seed: int,
    as_of: date,
    damage: Damage = "none",
    history: bool = False,
    born_as_of: date | None = None,
) -> SyntheticCounty:
    """Write a synthetic county's inbox below `out`; the same arguments give the same bytes.

    `born_as_of` fixes who lives there (default: `as_of`): an earlier `as_of` then is an earlier day of the same county.
    """
    world = build_world(seed, county_code, villages, households, born_as_of or as_of, as_of)
    files = county_files(world)
    damaged, extras = damage_files(files, seed, damage)
    written = write_files(out / county_code, files)
    for target, extra in extras.items():
        content = extra.content or (out / county_code / extra.source).read_bytes()
        place = out / county_code / target
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content[: int(len(content) * extra.keep_share)])
    truth = out.parent / "truth" / county_code
    _write_truth(truth, world, damaged)
    past = [_write_history(out.parent / "history", world, day, as_of) for day in earlier_days(as_of)] if history else []
    return SyntheticCounty(
        county_code,
        households,
        int((world.people.household >= 0).sum()),
        len(written) + len(extras),
        len(damaged),
        str(out / county_code),
        str(truth),
        past,
    )


def county_files(world: World) -> list[File]:
    """Every office's files of one day."""
    return [*register_files(world), *list_files(world), *station_files(world), *bank_files(world)]


def _write_truth(folder: Path, world: World, damaged: list[Damaged]) -> None:
    """Keep what is true beside the inbox: households, persons, and every damaged line."""
    folder.mkdir(parents=True, exist_ok=True)
    traits, land = world.traits, world.land
    households = pa.table(
        {
            "contractor_code": world.places.contractor_codes.tolist(),
            "village_code": world.places.village_codes[world.places.household_village].tolist(),
            "ability": traits.ability,
            "will": traits.will,
            "persons": traits.persons,
            "registered_mu": land.registered_mu,
            "farmed_mu": land.farmed_mu,
            "subsidised_mu": land.subsidised_mu,
            "is_poor": traits.is_poor,
            "monitored_class": traits.monitored_class,
            "is_grower": land.is_grower,
        }
    )
    people = world.people
    persons = pa.table(
        {
            "household": people.household,
            "relation": people.relation,
            "name": people.name_newer.tolist(),
            "older_name": people.name_older.tolist(),
            "id_number": people.id_number.tolist(),
            "phone": people.phone.tolist(),
            "is_dead": [text != "NaT" for text in people.died.astype(str).tolist()],
        }
    )
    pq.write_table(households, folder / "households.parquet")
    pq.write_table(persons, folder / "persons.parquet")
    with (folder / "damaged_lines.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in dataclasses.fields(Damaged)])
        writer.writerows(dataclasses.astuple(line) for line in damaged)
    note = {
        "synthetic": True,
        "county_code": world.places.county_code,
        "as_of": world.as_of.isoformat(),
        "damaged_lines": len(damaged),
    }
    (folder / "county.json").write_text(json.dumps(note, ensure_ascii=False, indent=1), encoding="utf-8")


def _write_history(folder: Path, world: World, day: date, as_of: date) -> str:
    """Write the deliveries as they stood on an earlier day, the conduct of the year after, and what made it."""
    then = build_world(
        world.seed,
        world.places.county_code,
        world.places.village_codes.size,
        world.places.contractor_codes.size,
        as_of,
        day,
    )
    place = folder / day.isoformat()
    write_files(place / "inbox" / world.places.county_code, county_files(then))
    followed = bank.follow(then.seed, then.places, then.shocks, then.land, then.traits, then.conducts, day)
    _write_default_odds(place / "truth" / world.places.county_code, then, followed)
    table = conduct_table(then, followed.conducts, years_before(day, -1))
    write_files(
        place / "outcome" / world.places.county_code, [File("信用社/科技部/还款记录.csv", "csv_utf8_bom", [table])]
    )
    return str(place)


def _write_default_odds(folder: Path, world: World, followed: bank.Followed) -> None:
    """Keep, for each loan that followed, what each fact added to its log odds of default: no office delivers it."""
    folder.mkdir(parents=True, exist_ok=True)
    codes = world.places.contractor_codes[followed.conducts.household].tolist()
    pq.write_table(pa.table({"contractor_code": codes, **followed.parts}), folder / "default_odds.parquet")
