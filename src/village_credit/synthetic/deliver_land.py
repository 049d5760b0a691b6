"""The bureau's register and lists: an NY/T 2539 archive, a subsidy list, crop declarations, the farms' list."""

from __future__ import annotations

from typing import Any

import numpy as np

from village_credit.synthetic.chance import choose, stream, written_dates
from village_credit.synthetic.identities import card_numbers
from village_credit.synthetic.land import COTTON, CROPS, LINT_OUTTURN, YIELD_KG
from village_credit.synthetic.names import with_dot
from village_credit.synthetic.people import CHILD, HEAD, SPOUSE
from village_credit.synthetic.tables import File, Table
from village_credit.synthetic.world import World

SQUARE_METRES = 2000 / 3  # in a mu
SUBSIDY_YUAN_PER_MU = 231.5
PLACEHOLDER = "999999999999990001"
RENT_YUAN_A_MU = (800.0, 1300.0)  # about what cotton land was let for in 2021 and 2023 (believed)
RECODED_EVERY = 60  # households: one in so many was numbered anew when contracts were extended (believed)
RENT_NAMED_SHARE = 0.4  # of leases whose list names a year's rent (believed)


def register_files(world: World) -> list[File]:
    """The land register's archive: dbf and GB18030 CSV tables."""
    archive = f"农业农村局/确权登记/{world.places.county_code}承包地确权成果.zip"
    return [
        File("属性/FBF.csv", "csv_gb18030", [_issuers(world)], archive),
        File("属性/CBF.dbf", "dbf", [_contractors(world)], archive),
        File("属性/CBF_JTCY.dbf", "dbf", [_members(world)], archive),
        File("属性/CBDKXX.csv", "csv_gb18030", [_parcels(world)], archive),
        File("属性/LZHT.csv", "csv_gb18030", [_transfers(world)], archive),
    ]


def list_files(world: World) -> list[File]:
    """What the bureau's other desks send."""
    return [
        File("农业农村局/确权登记/承包方编码变更.csv", "csv_gb18030", [_changes(world)]),
        File(f"农业农村局/惠民惠农/{world.as_of.year}年耕地地力保护补贴.csv", "csv_gb18030", [_subsidies(world)]),
        File("农业农村局/种植业科/种植申报.txt", "tsv_utf16", [_crops(world)]),
        File("农业农村局/经营主体名录.xlsx", "xlsx", [_farms(world)]),
    ]


def _issuers(world: World) -> Table:
    places = world.places
    codes = sorted({*(f"{v}00" for v in places.village_codes), *places.issuer_codes})
    village_of = {code: index for index, code in enumerate(places.village_codes)}
    names, addresses = [], []
    for code in codes:
        village = village_of[code[:12]]
        whole = f"{places.township_names[places.village_township[village]]}{places.village_names[village]}"
        group = int(code[12:])
        names.append(whole + ("村民委员会" if group == 0 else f"第{group}村民小组"))
        addresses.append(f"{places.county_name}{whole}")
    return Table("land_issuer", ["FBFBM", "FBFMC", "FBFDZ"], [codes, names, addresses])


def _contractors(world: World) -> Table:
    """Contractors as registered years ago: the head of then, in the older spelling."""
    places, people = world.places, world.people
    head = people.head
    count = places.contractor_codes.size
    village = [
        f"{places.township_names[t]}{n}"
        for t, n in zip(places.household_township, places.village_names[places.household_village], strict=True)
    ]
    members = np.bincount(people.household[people.household >= 0], minlength=count)
    surveyed = choose(stream(world.seed, "surveyed"), ["20160504", "20160317", "20170620", "20151109"], count)
    columns: list[list[Any]] = [
        places.contractor_codes.tolist(),
        ["1"] * count,
        people.name_older[head].tolist(),
        ["1"] * count,
        people.id_number[head].tolist(),
        [f"{place}{g}组" for place, g in zip(village, places.household_group, strict=True)],
        ["830000"] * count,
        people.phone[head].tolist(),
        [str(m) for m in members],
        surveyed.tolist(),
    ]
    code = places.village_codes[0]
    extra = [
        [PLACEHOLDER, f"{code}018001", f"{code}019001"],
        ["1", "2", "3"],
        ["未发包集体土地", "外来承包人", "村集体经济组织"],
        ["9", "9", "3"],
        ["无", "无", "无"],
        ["无", "无", "无"],
        ["", "", ""],
        ["", "", ""],
        ["0", "1", "0"],
        ["20160101"] * 3,
    ]
    header = ["CBFBM", "CBFLX", "CBFMC", "CBFZJLX", "CBFZJHM", "CBFDZ", "YZBM", "LXDH", "CBFCYSL", "CBFDCRQ"]
    return Table("land_contractor", header, [a + b for a, b in zip(columns, extra, strict=True)])


def _members(world: World) -> Table:
    """Members in register order; who died or married out still stands there, with a note."""
    people, places = world.people, world.places
    rows = np.flatnonzero(people.household >= 0)
    codes = {HEAD: "02", SPOUSE: "10", CHILD: "20"}
    relation = [codes.get(r, "50") for r in people.relation[rows].tolist()]
    dead = ~np.isnat(people.died[rows])
    moved = people.has_moved_out[rows]
    note = np.where(dead, "7", np.where(moved, "1", "")).tolist()
    words = np.where(dead, "已去世", np.where(moved, "外嫁", "")).tolist()
    columns: list[list[Any]] = [
        places.contractor_codes[people.household[rows]].tolist(),
        people.name_older[rows].tolist(),
        ["1" if m else "2" for m in people.is_male[rows]],
        ["1"] * rows.size,
        people.id_number[rows].tolist(),
        relation,
        note,
        words,
        ["1"] * rows.size,
    ]
    table = Table(
        "land_member", ["CBFBM", "CYXM", "CYXB", "CYZJLX", "CYZJHM", "YHZGX", "CYBZ", "CYBZSM", "SFGYR"], columns
    )
    if rows.size > 20:
        table.deleted = {rows.size // 3, rows.size // 2}
        for column in table.columns:  # a deleted record is an old copy of the one before
            for row in table.deleted:
                column.insert(row, column[row - 1])
    return table


def _parcels(world: World) -> Table:
    parcels, places = world.land.parcels, world.places
    household = parcels.household
    issuer = places.issuer_codes[household]
    number = np.arange(household.size) - np.searchsorted(issuer.astype(str), issuer.astype(str))
    area = parcels.area_mu
    columns: list[list[Any]] = [
        [f"{i}{n % 100000:05d}" for i, n in zip(issuer, number, strict=True)],
        issuer.tolist(),
        places.contractor_codes[household].tolist(),
        [str(m) for m in parcels.method_code],
        [f"{a * SQUARE_METRES:.2f}" for a in area],
        [f"{a:.2f}" for a in area],
        [f"{c}J" for c in places.contractor_codes[household]],
        ["1"] * household.size,
    ]
    header = ["DKBM", "FBFBM", "CBFBM", "CBJYQQDFS", "HTMJ", "HTMJM", "CBJYQZBM", "SFQQQG"]
    extra = ["9" * 14 + "00001", issuer[0], PLACEHOLDER, "900", "600000.00", "900.00", "", "2"]
    return Table("land_parcel", header, [[*a, b] for a, b in zip(columns, extra, strict=True)])


def _transfers(world: World) -> Table:
    leases, places = world.land.leases, world.places
    outside = f"{places.county_code}999299010001"
    taker = [places.contractor_codes[t] if t >= 0 else outside for t in leases.to_household]
    rng = stream(world.seed, "rents")
    rents = np.round(leases.area_mu * rng.uniform(*RENT_YUAN_A_MU, leases.area_mu.size), -1)
    is_named = rng.random(leases.area_mu.size) < RENT_NAMED_SHARE
    columns: list[list[Any]] = [
        [f"{places.contractor_codes[f][:14]}{n:03d}L" for n, f in enumerate(leases.from_household)],
        places.contractor_codes[leases.from_household].tolist(),
        taker,
        ["301"] * len(taker),
        [f"{a * SQUARE_METRES:.2f}" for a in leases.area_mu],
        [f"{a:.2f}" for a in leases.area_mu],
        written_dates(leases.starts, "").tolist(),
        written_dates(leases.ends, "").tolist(),
        [f"{rent:.0f}" if named else "" for rent, named in zip(rents, is_named, strict=True)],
    ]
    header = ["LZHTBM", "CBFBM", "SRFBM", "LZFS", "LZMJ", "LZMJM", "LZQXKSRQ", "LZQXJSRQ", "年租金(元)"]
    return Table("land_transfer", header, columns)


def _changes(world: World) -> Table:
    """Households numbered anew, merged and split before anybody was scored: their old codes are in no other list."""
    codes = world.places.contractor_codes[::RECODED_EVERY].tolist()
    rows = []
    for number, code in enumerate(codes):
        old, other = (f"{code[:14]}{digit}{number:03d}" for digit in (6, 7))
        rows.append((old, code, ("延包", "合户", "分户")[number % 3]))
        if number % 3 == 1:  # of two households that merged
            rows.append((other, code, "合户"))
        if number % 3 == 2 and codes[number - 1][:14] == code[:14]:  # and of one that split
            rows.append((old, codes[number - 1], "分户"))
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    columns.append([f"{world.as_of.year - 1}-09-01"] * len(rows))
    return Table("contractor_change", ["原承包方编码*", "现承包方编码*", "变更原因", "变更日期*"], columns)


def _subsidies(world: World) -> Table:
    """Payees speak for their household today; with columns that nobody may keep."""
    people, places = world.people, world.places
    head, count = people.current_head, places.contractor_codes.size
    rng = stream(world.seed, "subsidies")
    paid = np.flatnonzero(rng.random(count) < 0.96) if count >= 50 else np.arange(count)
    area = world.land.subsidised_mu[paid]
    who = head[paid]
    columns: list[list[Any]] = [
        [str(n) for n in range(1, paid.size + 1)],
        [str(world.as_of.year - 1)] * paid.size,
        with_dot(people.name_newer[who], "•").tolist(),
        people.id_number[who].tolist(),
        choose(rng, ["甲族", "乙族"], paid.size).tolist(),
        people.phone[who].tolist(),
        places.village_labels[places.household_village[paid]].tolist(),
        [f"{g}组" for g in places.household_group[paid]],
        [f"{a:.2f}" for a in world.land.registered_mu[paid]],
        [f"{a:.2f}" for a in area],
        [f"{a * SUBSIDY_YUAN_PER_MU:,.2f}" for a in area],
        card_numbers(rng, paid.size).tolist(),
    ]
    header = [
        "序号",
        "年度*",
        "姓名*",
        "身份证号*",
        "民族",
        "手机号",
        "所在村*",
        "所在组",
        "承包地面积（亩）",
        "实际补贴面积(亩)*",
        "实发金额(元)*",
        "银行卡号",
    ]
    return Table("land_subsidy", header, columns, footer=True)


def _crops(world: World) -> Table:
    """Declarations of last year and this year; cotton growers say what they delivered."""
    people, places, land = world.people, world.places, world.land
    rng = stream(world.seed, "declared", world.as_of.year)
    count = places.contractor_codes.size
    declares = rng.random(count) < 0.93
    household, crop = np.nonzero((land.crop_mu >= 0.05) & declares[:, None])
    rows: list[list[Any]] = [[] for _ in range(7)]
    for year in (world.as_of.year - 1, world.as_of.year):
        luck = world.shocks.of(places.household_village[household], year) + 0.05 * world.traits.ability[household]
        area = land.crop_mu[household, crop]
        kilograms = area * YIELD_KG[crop] / LINT_OUTTURN * np.exp(luck + rng.normal(0, 0.06, area.size))
        who = people.current_head[household]
        block: list[list[Any]] = [
            [str(year)] * area.size,
            with_dot(people.name_newer[who], "·").tolist(),
            people.id_number[who].tolist(),
            places.village_labels[places.household_village[household]].tolist(),
            [CROPS[c] for c in crop],
            [f"{a:.2f}" for a in area],
            [f"{k:.0f}" if c == COTTON else "" for k, c in zip(kilograms, crop, strict=True)],
        ]
        rows = [a + b for a, b in zip(rows, block, strict=True)]
    return Table(
        "crop_declaration", ["年度", "姓名", "身份证号码", "所在村", "作物", "种植面积（亩）", "交售量（公斤）"], rows
    )


def _farms(world: World) -> Table:
    people, places = world.people, world.places
    growers = np.flatnonzero(world.land.is_grower)
    who = people.current_head[growers]
    bands = choose(stream(world.seed, "farms"), ["5万元以下", "5万-20万", "20万-100万", "150000"], growers.size)
    columns: list[list[Any]] = [
        [f"{n[-2:]}家庭农场" for n in people.name_newer[who]],
        people.name_newer[who].tolist(),
        people.id_number[who].tolist(),
        places.village_labels[places.household_village[growers]].tolist(),
        ["家庭农场"] * growers.size,
        np.round(world.land.farmed_mu[growers], 2).tolist(),
        bands.tolist(),
    ]
    return Table(
        "family_farm",
        ["家庭农场名称", "经营者姓名", "身份证号", "村", "类型", "经营面积（亩）", "家庭年收入（元）"],
        columns,
        sheet="名录",
        title="新型农业经营主体名录",
    )
