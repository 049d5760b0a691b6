"""A large random county as fact tables, column by column, and a copy in which each household has one thing changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tests.builders import SCHEMAS
from tests.conftest import AS_OF

Column = NDArray[np.int64]
NONE = np.iinfo(np.int64).min  # an empty cell
CROPS = ("棉花", "玉米", "小麦", "核桃", "红枣", "油葵")  # the last has no norm: it earns nothing
UNKNOWN_CROP = CROPS.index("油葵")
PARTS = {
    "planting_income_yuan": 120_000,
    "livestock_income_yuan": 60_000,
    "wage_income_yuan": 90_000,
    "trade_income_yuan": 60_000,
    "transfer_income_yuan": 9_000,
}
WORDS = {
    "crop": CROPS,
    "relation": ("head", "spouse"),
    "product_name": ("个人消费贷款", "农贷通", "脱贫人口小额信贷"),
    "guarantee": ("信用", "保证", "抵押"),
    "method_code": ("110", "120", "200"),
    "status": ("已结算", "待申请结算"),
    "household_type": ("脱贫户", "一般农户"),
    "product": ("farmer_line",),
    "link_status": ("automatic",),
    "county_code": ("659900",),
    "township_code": ("659900100",),
    "village_code": ("659900100201",),
}
# What may be done to a household, and what its limit may then never do.
NEVER_LOWER = (*PARTS, "crop area", "land", "lower probability")
NEVER_HIGHER = ("balance", "credit", "another loan", "register's persons", "book's persons")
NEVER_OTHER = ("nothing", "sex")  # rows in another order and codes changed, as for all
KINDS = (*NEVER_LOWER, *NEVER_HIGHER, *NEVER_OTHER)


@dataclass
class County:
    """Columns of whole numbers: fen, ten-thousandths of a mu, days, places in `WORDS`.

    `unit` is each row's household.
    """

    count: int
    ppm: Column
    tables: dict[str, dict[str, Column]] = field(default_factory=dict)

    def facts(self, codes: Column, chance: np.random.Generator) -> dict[str, pa.Table]:
        """Fact tables in a random order of rows; `codes` names each household."""
        return {name: self._table(name, codes, chance) for name in SCHEMAS}

    def _table(self, name: str, codes: Column, chance: np.random.Generator) -> pa.Table:
        columns = self.tables.get(name, {})
        rows = len(columns["unit"]) if columns else 0
        order = chance.permutation(rows)
        arrays = []
        for column, kind in SCHEMAS[name].items():
            if column == "unit_code":
                arrays.append(names(codes[columns["unit"][order]] if columns else np.empty(0, np.int64)))
            else:
                values = columns.get(column, np.full(rows, 0 if column == "link_status" else NONE))
                arrays.append(typed(column, kind, values[order]))
        return pa.table(arrays, schema=pa.schema(list(SCHEMAS[name].items())))

    def scores(self, codes: Column) -> pa.Table:
        whole = pa.int64()
        columns = {"points": pa.array(np.full(self.count, 600), whole), "default_probability_ppm": self.ppm}
        return pa.table({"unit_code": names(codes), **columns})


def names(codes: Column) -> pa.Array:
    return pa.array(np.char.mod("65990010020%07d", codes) if len(codes) else [], pa.string())


def typed(column: str, kind: pa.DataType, values: Column) -> pa.Array:
    """Whole numbers as a column of the facts."""
    empty = values == NONE
    if pa.types.is_decimal(kind):  # sixteen bytes, the low half first
        halves = np.column_stack([values, values >> 63])
        valid = np.packbits(~empty, bitorder="little")
        return pa.Array.from_buffers(kind, len(values), [pa.py_buffer(valid), pa.py_buffer(halves.tobytes())])
    if kind == pa.string() and column in WORDS:
        return pa.array(WORDS[column], pa.string()).take(pa.array(np.where(empty, 0, values), mask=empty))
    if kind == pa.string():
        return pa.array(np.where(empty, "", "x"), pa.string(), mask=empty)
    if kind == pa.date32():
        return pa.array(np.where(empty, 0, values).astype(np.int32), pa.int32(), mask=empty).cast(kind)
    if kind == pa.bool_():
        return pa.array(values > 0, pa.bool_(), mask=empty)
    return pa.array(np.where(empty, 0, values), kind, mask=empty)


def days(first: date, last: date) -> tuple[int, int]:
    epoch = date(1970, 1, 1)
    return (first - epoch).days, (last - epoch).days + 1


class Draw:
    """Draws columns; a row stands for a household of `of`."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.chance = count, np.random.default_rng(seed)

    def some(self, share: float) -> Column:
        return np.flatnonzero(self.chance.random(self.count) < share).astype(np.int64)

    def whole(self, rows: int, least: int, most: int, empty: float = 0.0) -> Column:
        values = self.chance.integers(least, most, rows, dtype=np.int64)
        values[self.chance.random(rows) < empty] = NONE
        return values


def random_county(count: int, seed: int) -> County:
    """Households of every size and kind, most of which the screen lets through."""
    draw = Draw(count, seed)
    ppm = draw.whole(count, 1_000, 200_000)
    county = County(count, np.where(draw.chance.random(count) < 0.6, ppm // 5, ppm))
    for part in (people, land, economy, credit):
        county.tables |= part(draw)
    return county


def people(draw: Draw) -> dict[str, dict[str, Column]]:
    everyone = np.arange(draw.count)
    nought = np.zeros(draw.count, np.int64)
    where = {"county_code": nought, "township_code": nought, "village_code": nought}
    spouses = draw.some(0.7)
    unit = np.concatenate([everyone, spouses])
    rows = len(unit)
    yes = np.ones(rows, np.int64)
    return {
        "households": {"unit": everyone, **where, "persons_register": draw.whole(draw.count, 0, 7)},
        "members": {
            "unit": unit,
            "member_no": np.repeat([1, 2], [draw.count, len(spouses)]),
            "relation": np.repeat([0, 1], [draw.count, len(spouses)]),
            "sex": draw.whole(rows, 1, 3),
            "birth_date": draw.whole(rows, *days(date(1959, 1, 1), date(2006, 1, 1))),
            "is_living": yes,
            "is_resident": yes,
            "has_valid_id": yes,
        },
    }


def land(draw: Draw) -> dict[str, dict[str, Column]]:
    owners, paid = draw.some(0.9), draw.some(0.6)
    growers = np.concatenate([draw.some(0.9), draw.some(0.5)])
    rows = len(growers)
    return {
        "parcels": {
            "unit": owners,
            "method_code": draw.whole(len(owners), 0, 3) % 2,
            "area_mu": draw.whole(len(owners), 0, 150_0000),
        },
        "subsidies": {
            "unit": paid,
            "year": np.full(len(paid), 2025),
            "subsidised_mu": draw.whole(len(paid), 20_0000, 150_0000),
            "paid_yuan": np.full(len(paid), 100),
        },
        "crops": {
            "unit": growers,
            "year": np.full(rows, 2026),
            "crop": draw.whole(rows, 0, len(CROPS)),
            "area_mu": draw.whole(rows, 0, 60_0000),
            "delivered_kg": draw.whole(rows, 0, 20_000_00, empty=0.8),
        },
    }


def economy(draw: Draw) -> dict[str, dict[str, Column]]:
    written = [draw.some(0.7) for _ in range(3)]
    unit = np.concatenate(written)
    rows = len(unit)
    income = {part: draw.whole(rows, 0, most * 100, empty=0.4) for part, most in PARTS.items()}
    owners = draw.some(0.4)
    price = {"unit_price_yuan": draw.whole(len(owners), 0, 200_000_00), "machine_count": draw.whole(len(owners), 1, 3)}
    bought = draw.whole(len(owners), *days(date(2016, 1, 1), AS_OF))
    return {
        "books": {
            "unit": unit,
            "year": np.repeat([2023, 2024, 2025], [len(part) for part in written]),
            "persons": draw.whole(rows, 1, 7, empty=0.3),
            **income,
            "production_cost_yuan": draw.whole(rows, 0, 60_000_00, empty=0.3),
            "sheep": draw.whole(rows, 0, 150, empty=0.3),
            "cattle": draw.whole(rows, 0, 8, empty=0.5),
        },
        "machines": {"unit": owners, **price, "bought_on": bought, "status": draw.whole(len(owners), 0, 2)},
    }


def credit(draw: Draw) -> dict[str, dict[str, Column]]:
    borrowers = np.concatenate([draw.some(0.3), draw.some(0.2)])
    rows = len(borrowers)
    lines, poor, past, traders = draw.some(0.15), draw.some(0.08), draw.some(0.1), draw.some(0.05)
    told = {"cutoff_on": np.full(len(past), days(AS_OF, AS_OF)[0]), "days_overdue": np.zeros(len(past), np.int64)}
    starts, _ = days(date(2025, 6, 1), AS_OF)
    ends, _ = days(date(2028, 5, 31), AS_OF)
    return {
        "exposures": {
            "unit": borrowers,
            "product_name": (draw.whole(rows, 0, 10) == 0).astype(np.int64),
            "credit_yuan": draw.whole(rows, 1_00, 120_000_00),
            "balance_yuan": draw.whole(rows, 1_00, 60_000_00),
            "guarantee": draw.whole(rows, 0, 3, empty=0.2),
            "due_on": draw.whole(rows, *days(date(2026, 6, 1), date(2032, 1, 1)), empty=0.1),
        },
        "in_force": {
            "unit": lines,
            "product": np.zeros(len(lines), np.int64),
            "limit_yuan": draw.whole(len(lines), 0, 80) * 1000,
            "term_months": np.full(len(lines), 36),
            "valid_from": np.full(len(lines), starts),
            "valid_to": np.full(len(lines), ends),
        },
        "monitored": {"unit": poor, "household_type": np.zeros(len(poor), np.int64)},
        "conducts": {
            "unit": past,
            "product_name": np.full(len(past), 2),
            **told,
        },  # repaid micro-loans: the follow-on loan
        "traders": {
            "unit": traders,
            "applied_yuan": draw.whole(len(traders), 0, 150_000_00),
            "referred_on": np.full(len(traders), starts),
        },
    }


# --- one thing changed for each household --------------------------------------------------------------------


def changed(county: County, seed: int) -> tuple[County, NDArray[np.str_]]:
    """A copy, and what was done to each household; where it has nothing of the kind, nothing was."""
    draw = Draw(county.count, seed)
    tables = {name: {key: values.copy() for key, values in table.items()} for name, table in county.tables.items()}
    copy = County(county.count, county.ppm.copy(), tables)
    kind = draw.chance.choice(np.array(KINDS), county.count)
    done = np.full(county.count, "nothing", dtype=kind.dtype)
    for name in KINDS:
        done[change(copy, name, np.flatnonzero(kind == name), draw)] = name
    return copy, done


def change(county: County, kind: str, units: Column, draw: Draw) -> Column:
    """Do one thing to those units that can have it; give them."""
    tables = county.tables
    if kind == "nothing":
        return units
    if kind == "lower probability":
        county.ppm[units] = draw.chance.integers(0, county.ppm[units] + 1)
        return units
    if kind == "another loan":
        return one_more_loan(tables["exposures"], units, draw)
    if kind == "sex":
        chosen = np.isin(tables["members"]["unit"], units)
        tables["members"]["sex"][chosen] = 3 - tables["members"]["sex"][chosen]
        return units
    if kind == "land":
        return more_land(county, units)
    table, column, usable, most = figures(county)[kind]
    return raised(tables[table], column, units, usable, most, draw)


def figures(county: County) -> dict[str, tuple[str, str, NDArray[np.bool_], int]]:
    """Where a figure stands, which rows of it may be raised, and by how much at most."""
    books, loans = county.tables["books"], county.tables["exposures"]
    any_book, any_loan = np.ones(len(books["unit"]), bool), np.ones(len(loans["unit"]), bool)
    return {
        **{part: ("books", part, any_book, 40_000_00) for part in PARTS},
        "planting_income_yuan": ("books", "planting_income_yuan", pays_its_costs(books), 40_000_00),
        "crop area": ("crops", "area_mu", earns(county), 10_0000),
        "book's persons": ("books", "persons", books["year"] == 2025, 4),  # the latest book counts
        "register's persons": ("households", "persons_register", np.ones(county.count, bool), 4),
        "balance": ("exposures", "balance_yuan", any_loan, 60_000_00),
        "credit": ("exposures", "credit_yuan", any_loan, 90_000_00),
    }


def pays_its_costs(books: dict[str, Column]) -> NDArray[np.bool_]:
    """A year whose planting, livestock and trade together are not below its production costs."""
    shared = sum(
        np.maximum(books[part], 0) for part in ("planting_income_yuan", "livestock_income_yuan", "trade_income_yuan")
    )
    return np.asarray(shared >= np.maximum(books["production_cost_yuan"], 0))


def area_of(county: County) -> Column:
    """The smaller of register and subsidy that are known, ten-thousandths of a mu; -1: neither."""
    endless = np.iinfo(np.int64).max
    parcels, subsidies = county.tables["parcels"], county.tables["subsidies"]
    counted = parcels["method_code"] < 2
    register, paid = np.full(county.count, endless), np.full(county.count, endless)
    register[parcels["unit"][counted]] = parcels["area_mu"][counted]
    paid[subsidies["unit"]] = subsidies["subsidised_mu"]
    area = np.minimum(register, paid)
    return np.where(area == endless, -1, area)


def earns(county: County) -> NDArray[np.bool_]:
    """A crop with a norm, of which no delivery speaks, on land with room for another ten mu."""
    crops = county.tables["crops"]
    declared = np.bincount(crops["unit"], crops["area_mu"], county.count).astype(np.int64)
    has_room = declared + 10_0000 <= area_of(county)
    return (
        (crops["crop"] != UNKNOWN_CROP)
        & (crops["delivered_kg"] == NONE)
        & has_room[crops["unit"]]
        & ~delivers_twin(crops, county.count)
    )


def delivers_twin(crops: dict[str, Column], count: int) -> NDArray[np.bool_]:
    """Whether another row of the household's same crop has a delivery."""
    key = crops["unit"] * len(CROPS) + crops["crop"]
    delivered = np.zeros(count * len(CROPS), bool)
    delivered[key[crops["delivered_kg"] != NONE]] = True
    return delivered[key]


def more_land(county: County, units: Column) -> Column:
    """Five more mu in register and subsidy alike, for households of which no delivery speaks."""
    crops = county.tables["crops"]
    units = np.setdiff1d(units, crops["unit"][crops["delivered_kg"] != NONE])
    for table, column in (("parcels", "area_mu"), ("subsidies", "subsidised_mu")):
        rows = county.tables[table]
        rows[column][np.isin(rows["unit"], units)] += 5_0000
    return units


def raised(
    table: dict[str, Column], column: str, units: Column, usable: NDArray[np.bool_], most: int, draw: Draw
) -> Column:
    """Raise one cell, known already, of each unit that has one; give these units."""
    rows = np.flatnonzero(usable & (table[column] != NONE) & np.isin(table["unit"], units))
    rows = draw.chance.permutation(rows)
    found, first = np.unique(table["unit"][rows], return_index=True)
    chosen = rows[first]
    table[column][chosen] += draw.chance.integers(1, most + 1, len(chosen))
    return found


def one_more_loan(loans: dict[str, Column], units: Column, draw: Draw) -> Column:
    rows = len(units)
    new = {
        "unit": units,
        "product_name": np.zeros(rows, np.int64),
        "credit_yuan": draw.whole(rows, 0, 60_000_00),
        "balance_yuan": draw.whole(rows, 0, 30_000_00),
        "guarantee": draw.whole(rows, 0, 3, empty=0.2),
        "due_on": np.full(rows, days(AS_OF, date(2028, 1, 1))[1]),
    }
    for column, values in new.items():
        loans[column] = np.concatenate([loans[column], values])
    return units
