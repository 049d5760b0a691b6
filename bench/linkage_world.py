"""A synthetic county as the door would hand it to linkage: validated tables with known truth, and known damage.

Structure and ID numbers come from the synthetic county; names, spellings and damage are made here at the rates of
the design's linkage bench (all of them assumptions). The land register and the machinery station write the older
spelling, the township station, the bank and half of the townships' subsidy lists the newer one. `hard`: brothers next
door with one father's name or surname, half of them with equal land. Phones stand only in the land register by our
contracts, so shared phones can mislead no link; they are delivered all the same. Numbers that are missing from the
township's books would be quarantined at the door; here they go on to linkage, so that every rate is met.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_contracts.registry import INCOMING
from village_credit.ingest.line_account import concat_rows
from village_credit.synthetic import name_lists
from village_credit.synthetic.chance import stream
from village_credit.synthetic.people import SPOUSE, People, build_people
from village_credit.synthetic.places import Places, build_places
from village_credit.validate.identity import id_status
from village_credit.validate.normalise import name as normalised

COUNTY, AS_OF = "659900", date(2026, 11, 1)
HOUSEHOLDS_A_VILLAGE = 300
DOTS = "·•・‧．.⋅ "
SUFFIXES = (("", ""), ("江", "江"), ("", ""), ("吾提", "乌提"), ("明", "敏"), ("", ""), ("杰", "吉"))
SOUNDS_ALIKE = (
    "力里丽",
    "买麦迈",
    "提地",
    "夏沙",
    "吾乌",
    "依伊",
    "克科",
    "尔耳",
    "拉剌",
    "热日",
    "玉雨宇",
    "英瑛樱",
    "建健",
    "国囯",
    "明铭",
    "芳方",
    "志至",
    "兰蓝",
)
# shares of rows: missing, masked, 15 digits, Excel, one digit, transposed, another member's, the next row's
ID_DAMAGE = {
    "land_member": (0.05, 0.0, 0.02, 0.01, 0.012, 0.004, 0.01, 0.004),
    "household_economy": (0.10, 0.15, 0.01, 0.02, 0.015, 0.005, 0.02, 0.006),
    "machinery_subsidy": (0.25, 0.0, 0.04, 0.03, 0.02, 0.01, 0.02, 0.006),
    "land_subsidy": (0.0, 0.0, 0.01, 0.01, 0.012, 0.004, 0.01, 0.004),
    "crop_declaration": (0.0, 0.05, 0.01, 0.01, 0.012, 0.004, 0.01, 0.004),
    "bank_exposure": (0.0,) * 8,
}
FATHER_DROPPED = {"land_member": 0.03, "household_economy": 0.10, "machinery_subsidy": 0.25}
DROPPED_ELSEWHERE = 0.02
DEVIATES = 0.03
CUT_AT = 10  # characters, at the machinery station
DIGITS = "零一二三四五六七八九十"


@dataclass(frozen=True)
class World:
    """`accepted`: per contract, as linkage gets them; `truth`: row_id, contract, unit_code, is_long, says_head."""

    accepted: dict[str, pa.Table]
    hints: pa.Table
    truth: pa.Table


@dataclass(frozen=True)
class _Folk:
    places: Places
    people: People
    newer: NDArray[np.object_]
    older: NDArray[np.object_]
    is_long: NDArray[np.bool_]
    adults: NDArray[np.int64]  # persons of 18 and more, by household
    first_adult: NDArray[np.int64]
    area: NDArray[np.int64]  # tenths of a mu, by household


def build(households: int, seed: int, *, hard: bool) -> World:
    """Make the tables of every contract (empty where nothing is made) and the truth of each list's row."""
    villages = max(2, households // HOUSEHOLDS_A_VILLAGE)
    places = build_places(seed, COUNTY, villages, households)
    people = build_people(seed, places, AS_OF)
    folk = _folk(seed, places, people, hard)
    heads = people.current_head
    rng = stream(seed, "linkage", "lists")
    some = np.sort(rng.permutation(households)[: int(0.3 * households)])
    named = {
        "household_economy": (_or_other(rng, folk, heads, 0.05), True),
        "land_subsidy": (heads, None),
        "crop_declaration": (heads, True),
        "machinery_subsidy": (_or_other(rng, folk, heads[some], 0.30), False),
        "bank_exposure": (
            _or_other(rng, folk, heads[np.sort(rng.permutation(households)[: int(0.35 * households)])], 0.25),
            True,
        ),
    }
    accepted = {contract: concat_rows(contract, []) for contract in INCOMING}
    accepted |= _register(seed, folk)
    start = sum(accepted[c].num_rows for c in ("land_issuer", "land_contractor", "land_member", "land_parcel"))
    truths = []
    for contract, (persons, is_newer) in named.items():
        rows, truth = _list(seed, folk, contract, persons, is_newer, start)
        accepted[contract] = _filled(contract, rows)
        truths.append(truth)
        start += len(persons)
    sources = list(range(20))
    hints = pa.table({"source_id": pa.array(sources, pa.int64()), "place_hint": [""] * len(sources)})
    return World(accepted, hints, pa.concat_tables(truths))


def _folk(seed: int, places: Places, people: People, hard: bool) -> _Folk:
    rng = stream(seed, "linkage", "folk")
    count = places.household_village.size
    newer, older = _names(rng, places, people, hard)
    inside = np.flatnonzero(people.household >= 0)
    adults = inside[people.age_on(AS_OF)[inside] >= 18]
    area = rng.integers(50, 900, count)
    if hard:
        pairs = np.flatnonzero(_is_split(seed, places) & (rng.random(count) < 0.5))
        area[pairs] = area[pairs - 1]
    is_long = np.array(["·" in name or len(name) >= 5 for name in newer])
    first = np.searchsorted(people.household[adults], np.arange(count))
    return _Folk(places, people, newer, older, is_long, adults, first, area)


def _is_split(seed: int, places: Places) -> NDArray[np.bool_]:
    """Households whose head is the brother of the head next door."""
    count = places.household_village.size
    same = np.r_[False, places.household_village[1:] == places.household_village[:-1]]
    return same & (stream(seed, "linkage", "split").random(count) < 0.15)


def _names(rng: np.random.Generator, places: Places, people: People, hard: bool) -> tuple[Any, Any]:
    """Names by the village's majority; children carry their father's; brothers next door share a father or surname."""
    size, count = people.household.size, places.household_village.size
    kind = rng.choice(3, places.village_codes.size, p=(0.3, 0.55, 0.15))[places.household_village]
    kind = np.where(rng.random(count) < 0.1, rng.choice(3, count, p=(0.3, 0.55, 0.15)), kind)
    kinds = np.where(people.household >= 0, kind[people.household], 0)
    given, father = rng.integers(0, 10**6, size), rng.integers(0, 10**6, size)
    heads = people.head
    child = (people.household >= 0) & (people.relation > SPOUSE)
    father = np.where(
        child & people.is_male[heads[people.household]],
        np.where(kinds == 0, father[heads[people.household]], given[heads[people.household]]),
        father,
    )
    if hard:
        split = np.flatnonzero(_is_split(int(rng.bit_generator.seed_seq.entropy[0]), places))  # type: ignore[attr-defined]
        father[heads[split]] = father[heads[split - 1]]
        children = child & np.isin(people.household, split) & (kinds == 0)
        father[children] = father[heads[people.household[children]]]
    drift = rng.random(size) < 0.8
    made = [
        _name(*row)
        for row in zip(
            kinds.tolist(), people.is_male.tolist(), given.tolist(), father.tolist(), drift.tolist(), strict=True
        )
    ]
    return np.array([a for a, _ in made], dtype=object), np.array([b for _, b in made], dtype=object)


def _name(kind: int, male: bool, given: int, father: int, drifts: bool) -> tuple[str, str]:
    """One name in the newer and the older spelling."""
    if kind == 0:
        letters = name_lists.HAN_MALE if male else name_lists.HAN_FEMALE
        surname = name_lists.HAN_SURNAMES[father % len(name_lists.HAN_SURNAMES)]
        second = "" if given % 7 == 0 else letters[given // 100 % len(letters)]
        return (surname + letters[given % len(letters)] + second,) * 2
    men = name_lists.UYGHUR_MALE if kind == 1 else name_lists.KAZAKH_MALE
    women = name_lists.UYGHUR_FEMALE if kind == 1 else name_lists.KAZAKH_FEMALE
    own = men if male else women
    parts = []
    for number, words in ((given, own), (father, men)):
        suffix = SUFFIXES[number // len(words) % len(SUFFIXES)] if words is men else ("", "")
        parts.append(tuple(word + end for word, end in zip(words[number % len(words)], suffix, strict=True)))
    newer = f"{parts[0][0]}·{parts[1][0]}"
    return newer, f"{parts[0][1]}·{parts[1][1]}" if drifts else newer


def _or_other(rng: np.random.Generator, folk: _Folk, heads: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Some lists name another adult of the household."""
    households = folk.people.household[heads]
    last = np.r_[folk.first_adult[1:], folk.adults.size][households]
    first = folk.first_adult[households]
    chosen = np.minimum(
        first + (rng.random(heads.size) * np.maximum(last - first, 1)).astype(np.int64), folk.adults.size - 1
    )
    other = folk.adults[chosen]
    usable = (rng.random(heads.size) < share) & (folk.people.household[other] == households)
    return np.where(usable, other, heads)


def _written(
    rng: np.random.Generator, folk: _Folk, contract: str, persons: NDArray[np.int64], newer: NDArray[np.bool_]
) -> list[str]:
    """Names as an office writes them, then as the door reads them."""
    names = np.where(newer, folk.newer[persons], folk.older[persons]).tolist()
    size = len(names)
    dropped = (rng.random(size) < FATHER_DROPPED.get(contract, DROPPED_ELSEWHERE)).tolist()
    deviates = (rng.random(size) < DEVIATES).tolist()
    dots = rng.integers(0, len(DOTS), size).tolist()
    at = rng.integers(0, 10**6, size).tolist()
    found = []
    for name, drop, deviate, dot, place in zip(names, dropped, deviates, dots, at, strict=True):
        text = _deviating(name, place) if deviate else name
        if drop:
            text = text.split("·")[0]
        if contract == "machinery_subsidy":
            text = text[:CUT_AT].rstrip("·")
        found.append(normalised(text.replace("·", DOTS[dot])) if DOTS[dot] != " " else text)
    return found


def _deviating(name: str, place: int) -> str:
    """Write one character by another of its sound."""
    places = [(at, group) for at, letter in enumerate(name) for group in SOUNDS_ALIKE if letter in group]
    if not places:
        return name
    at, group = places[place % len(places)]
    return name[:at] + group[(group.index(name[at]) + 1) % len(group)] + name[at + 1 :]


def _numbers(rng: np.random.Generator, folk: _Folk, contract: str, persons: NDArray[np.int64]) -> list[str | None]:
    """Return the ID numbers as they arrive, damaged at the list's rates."""
    true = folk.people.id_number
    shares = ID_DAMAGE[contract]
    kinds = rng.choice(len(shares) + 1, persons.size, p=(*shares, 1 - sum(shares)))
    households = folk.people.household[persons]
    other = folk.adults[np.minimum(folk.first_adult[households], folk.adults.size - 1)]
    shifted = np.roll(persons, -1)
    spots, digits = rng.integers(0, 17, persons.size), rng.integers(1, 10, persons.size)
    found: list[str | None] = []
    for kind, own, member, following, spot, digit in zip(
        kinds.tolist(), true[persons], true[other], true[shifted], spots.tolist(), digits.tolist(), strict=True
    ):
        found.append(_damaged(kind, own, member, following, spot, digit))
    return found


def _damaged(kind: int, own: str, member: str, following: str, spot: int, digit: int) -> str | None:
    swap = own[:spot] + own[spot + 1] + own[spot] + own[spot + 2 :]
    made = (
        None,
        f"{own[:4]}{'*' * 10}{own[14:]}" if digit % 2 else f"{own[:6]}{'*' * 8}{own[14:]}",
        own[:6] + own[8:17] if own[6:8] == "19" else own,
        own[:15] + "***",
        own[:spot] + str((int(own[spot]) + digit) % 10) + own[spot + 1 :],
        swap,
        member,
        following,
        own,
    )
    return made[kind]


def _list(
    seed: int, folk: _Folk, contract: str, persons: NDArray[np.int64], is_newer: bool | None, start: int
) -> tuple[dict[str, Any], pa.Table]:
    """Return a list's columns and its truth."""
    rng = stream(seed, "linkage", contract)
    places = folk.places
    household = folk.people.household[persons]
    township = places.household_township[household]
    newer = np.full(persons.size, is_newer) if is_newer is not None else township % 2 == 0
    names, numbers = _written(rng, folk, contract, persons, newer), _numbers(rng, folk, contract, persons)
    village = places.village_names[places.household_village[household]]
    group = _groups(rng, places.household_group[household])
    row_ids = np.arange(start, start + persons.size)
    rows: dict[str, Any] = {
        "row_id": row_ids,
        "source_id": np.full(persons.size, list(ID_DAMAGE).index(contract) + 5),
        "id_number": numbers,
        "id_status": [id_status(number) for number in numbers],
    }
    name_column = {
        "household_economy": "head_name",
        "land_subsidy": "payee_name",
        "crop_declaration": "grower_name",
        "machinery_subsidy": "buyer_name",
        "bank_exposure": "borrower_name",
    }[contract]
    rows[name_column] = names
    township_name = places.township_names[township]
    if contract == "household_economy":
        size = np.bincount(folk.people.household[folk.people.household >= 0], minlength=places.household_village.size)
        noise = rng.choice([0, 0, 0, 0, 1, -1], persons.size)
        rows |= {
            "township_name": township_name,
            "village_name": village,
            "group_name": group,
            "persons": np.maximum(1, size[household] + noise),
        }
    elif contract in {"land_subsidy", "crop_declaration"}:
        rows["village_name"] = township_name + village
        if contract == "land_subsidy":
            told = np.where(
                rng.random(persons.size) < 0.7,
                folk.area[household],
                folk.area[household] + rng.integers(-40, 40, persons.size),
            )
            rows |= {"group_name": group, "contracted_mu": [Decimal(int(max(tenths, 1))) / 10 for tenths in told]}
    elif contract == "machinery_subsidy":
        rows |= {"township_name": township_name, "village_name": village + np.array(group, dtype=object)}
    truth = pa.table(
        {
            "row_id": row_ids,
            "contract": [contract] * persons.size,
            "unit_code": places.contractor_codes[household].tolist(),
            "is_long": folk.is_long[persons],
        }
    )
    return rows, truth


def _groups(rng: np.random.Generator, numbers: NDArray[np.int64]) -> list[str]:
    """Return the village group as a list says it: one in seven without, one in twenty wrong."""
    said = np.where(rng.random(numbers.size) < 0.05, rng.integers(1, 8, numbers.size), numbers)
    absent = rng.random(numbers.size) < 0.15
    words = [f"{DIGITS[min(number, 10)]}组" for number in said.tolist()]
    return ["" if gone else word for gone, word in zip(absent.tolist(), words, strict=True)]


def _register(seed: int, folk: _Folk) -> dict[str, pa.Table]:
    """The land register: issuers, contractors (7% named after the spouse), every member, one parcel a household."""
    rng = stream(seed, "linkage", "register")
    places, people = folk.places, folk.people
    count = places.household_village.size
    inside = np.flatnonzero(people.household >= 0)
    older = np.zeros(inside.size, dtype=np.bool_)
    names, numbers = (_written(rng, folk, "land_member", inside, older), _numbers(rng, folk, "land_member", inside))
    at = np.full(people.household.size, -1)
    at[inside] = np.arange(inside.size)
    following = np.minimum(people.head + 1, people.household.size - 1)
    is_spouse = (
        (people.relation[following] == SPOUSE)
        & (people.household[following] == np.arange(count))
        & (rng.random(count) < 0.07)
    )
    contractor = at[np.where(is_spouse, following, people.head)]
    issuers = sorted(set(places.issuer_codes))
    by_village = dict(zip(places.village_codes, range(places.village_codes.size), strict=True))
    township = places.township_names[places.village_township]
    village_of = [by_village[code[:12]] for code in issuers]
    ids, starts = _ids((len(issuers), count, inside.size, count))
    statuses = [id_status(number) for number in numbers]
    tables = {
        "land_issuer": {
            "issuer_code": issuers,
            "issuer_name": [f"{township[v]}{places.village_names[v]}" for v in village_of],
        },
        "land_contractor": {
            "contractor_code": places.contractor_codes.tolist(),
            "contractor_type": ["1"] * count,
            "contractor_name": [names[i] for i in contractor],
            "document_type": ["1"] * count,
            "id_number": [numbers[i] for i in contractor],
            "id_status": [statuses[i] for i in contractor],
            "phone": people.phone[people.head].tolist(),
        },
        "land_member": {
            "contractor_code": places.contractor_codes[people.household[inside]].tolist(),
            "member_name": names,
            "sex": np.where(people.is_male[inside], "1", "2").tolist(),
            "document_type": ["1"] * inside.size,
            "id_number": numbers,
            "id_status": statuses,
            "relation_code": np.array(["02", "10", "20", "50"])[people.relation[inside]].tolist(),
            "member_note": [None if text == "NaT" else "7" for text in people.died[inside].astype(str)],
        },
        "land_parcel": {
            "parcel_code": [f"{code[:14]}{n % 10**5:05d}" for n, code in enumerate(places.contractor_codes)],
            "contractor_code": places.contractor_codes.tolist(),
            "contract_mu": [Decimal(int(a)) / 10 for a in folk.area],
        },
    }
    return {
        contract: _filled(contract, rows | {"row_id": ids[n], "source_id": np.full(ids[n].size, n)})
        for n, (contract, rows) in enumerate(tables.items())
        if starts is not None
    }


def _ids(sizes: tuple[int, ...]) -> tuple[list[NDArray[np.int64]], list[int]]:
    ends = np.cumsum(sizes)
    starts = [int(end - size) for end, size in zip(ends, sizes, strict=True)]
    return [np.arange(start, end) for start, end in zip(starts, ends, strict=True)], starts


def _filled(contract: str, rows: dict[str, Any]) -> pa.Table:
    """Return the contract's table with these columns; every other column is null."""
    schema = concat_rows(contract, []).schema
    size = len(rows["row_id"])
    columns = [pa.array(rows[f.name], f.type) if f.name in rows else pa.nulls(size, f.type) for f in schema]
    return pa.table(columns, schema=schema)
