"""What economy stations and machinery stations send."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from village_credit.synthetic.chance import choose, day, pick, stream, written_dates
from village_credit.synthetic.economy import write_book
from village_credit.synthetic.names import with_dot
from village_credit.synthetic.tables import File, Table
from village_credit.synthetic.world import World

BOOK_YEARS = 3
CLASSES = ("", "脱贫不稳定户", "边缘易致贫户", "突发严重困难户")


def station_files(world: World) -> list[File]:
    """One workbook of books per township, the monitored households, the machines."""
    files = [
        File(f"农经站/{name}/农户经济台账.xlsx", "xlsx", [_books(world, township)])
        for township, name in enumerate(world.places.township_names)
        if (world.places.household_township == township).any()
    ]
    files.append(File("农经站/监测对象.xls", "xls", [_monitored(world)]))
    files.append(File(f"农机站/{world.as_of.year - 1}年购机者公示.xlsx", "xlsx", [_machines(world)]))
    return files


def _books(world: World, township: int) -> Table:
    """Three years of one township's books; every third township writes in 万元, with groups above the headers."""
    places, people, traits = world.places, world.people, world.traits
    kept = stream(world.seed, "books kept").random(places.contractor_codes.size) < 0.9
    household = np.flatnonzero((places.household_township == township) & kept)
    who = people.current_head[household]
    scale = 10000.0 if township % 3 == 1 else 1.0
    blocks: list[list[list[Any]]] = []
    for year in range(world.as_of.year - BOOK_YEARS, world.as_of.year):
        book = write_book(world.seed, year, places, world.shocks, world.land, traits)
        money = (
            book.planting,
            book.livestock,
            book.wages,
            book.trade,
            book.transfers,
            book.production_cost,
            book.living_cost,
            book.assets,
            book.debts,
        )
        blocks.append(
            [
                [places.township_names[township]] * household.size,
                places.village_names[places.household_village[household]].tolist(),
                with_dot(people.name_newer[who], "‧").tolist(),
                people.id_number[who].tolist(),
                [year] * household.size,
                traits.persons[household].tolist(),
                traits.labourers[household].tolist(),
                *[np.round(m[household] / scale, 6).tolist() for m in money],
                traits.sheep[household].tolist(),
                traits.cattle[household].tolist(),
                ["是" if m else "否" for m in traits.is_member[household]],
                [f"{year + 1}.3.{5 + township}"] * household.size,
            ]
        )
    columns = [list(chain.from_iterable(block[index] for block in blocks)) for index in range(len(blocks[0]))]
    labels = [
        "种植收入",
        "养殖收入",
        "务工收入",
        "经营收入",
        "转移性收入",
        "生产支出",
        "生活支出",
        "家庭资产",
        "家庭负债",
    ]
    header = [
        "乡镇",
        "村",
        "户主姓名",
        "身份证号码",
        "年度",
        "家庭人口",
        "劳动力人数",
        *labels,
        "羊（只）",
        "牛（头）",
        "合作社成员",
        "采集日期",
    ]
    name = places.township_names[township]
    if scale != 1.0:
        return Table(
            "household_economy",
            header,
            columns,
            sheet="台账",
            title=f"{name}农户家庭经济情况登记表",
            unit_row="单位：万元",
            footer=True,
        )
    groups = [("基本情况", 7), ("收入（元）", 5), ("支出（元）", 2), ("资产负债（元）", 2), ("牲畜", 2), ("其他", 2)]
    return Table("household_economy", header, columns, sheet="台账", groups=groups, footer=township % 2 == 0)


def _monitored(world: World) -> Table:
    people, places, traits = world.people, world.places, world.traits
    households = np.flatnonzero(traits.is_poor | (traits.monitored_class > 0))
    inside = np.isin(people.household, households) & np.isnat(people.died) & ~people.has_moved_out
    rows = np.flatnonzero(inside)[:60000]
    home = people.household[rows]
    columns: list[list[Any]] = [
        [f"{places.county_code}{h:06d}" for h in home],
        ["脱贫户" if p else "一般农户" for p in traits.is_poor[home]],
        [CLASSES[c] for c in traits.monitored_class[home]],
        with_dot(people.name_newer[rows], "•").tolist(),
        people.id_number[rows].tolist(),
        places.village_labels[places.household_village[home]].tolist(),
        ["是" if h % 2 else "否" for h in home],
        ["202303"] * rows.size,
        ["202411" if h % 2 else "" for h in home],
    ]
    header = [
        "户编号",
        "户类型",
        "监测对象类别",
        "姓名",
        "身份证号码",
        "村",
        "风险是否已消除",
        "识别监测时间",
        "消除监测时间",
    ]
    return Table("monitored_household", header, columns, sheet="导出", title="防止返贫监测对象信息")


def _machines(world: World) -> Table:
    """A twelfth of households bought a machine; the public list has names and villages only."""
    people, places = world.people, world.places
    rng = stream(world.seed, "machines", world.as_of.year)
    buyers = np.flatnonzero(pick(rng, world.land.farmed_mu > 10, 0.08))
    size = buyers.size
    who = people.current_head[buyers]
    price = np.round(rng.uniform(6000, 90000, size), -2)
    subsidy = np.round(price * 0.28, -1)
    bought = day(world.as_of) - rng.integers(100, 700, size).astype("timedelta64[D]")
    columns: list[list[Any]] = [
        [world.as_of.year - 1] * size,
        [places.county_name] * size,
        places.township_names[places.household_township[buyers]].tolist(),
        [
            f"{v}{g}组"
            for v, g in zip(
                places.village_names[places.household_village[buyers]], places.household_group[buyers], strict=True
            )
        ],
        with_dot(people.name_older[who], "．").tolist(),
        choose(rng, ["轮式拖拉机", "播种机", "残膜回收机", "打捆机"], size).tolist(),
        ["ZK-1"] * size,
        [1] * size,
        price.tolist(),
        subsidy.tolist(),
        subsidy.tolist(),
        written_dates(bought, ".").tolist(),
        ["已结算"] * size,
    ]
    header = [
        "资金年度",
        "县",
        "所在乡（镇）",
        "所在村组",
        "购机者姓名",
        "机具品目",
        "购买机型",
        "购买数量(台)",
        "单台销售价格(元)",
        "单台补贴额(元)",
        "总补贴额(元)",
        "购机日期",
        "状态",
    ]
    return Table(
        "machinery_subsidy", header, columns, sheet="公示表", title="享受农机购置补贴的购机者信息表", footer=True
    )
