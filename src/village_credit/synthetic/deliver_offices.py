"""What economy stations, machinery stations, the county government and the bank send."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from village_credit.synthetic.chance import Dates, Ints, choose, day, pick, stream, written_dates
from village_credit.synthetic.economy import write_book
from village_credit.synthetic.identities import credit_code
from village_credit.synthetic.names import with_dot
from village_credit.synthetic.tables import File, Table
from village_credit.synthetic.world import World

BOOK_YEARS = 3
CONTRACTS_WITH_BASIS = (
    "land_issuer", "land_contractor", "land_member", "land_parcel", "land_transfer", "land_subsidy", "crop_declaration", "household_economy",
    "monitored_household", "bank_exposure", "bank_conduct", "credit_line", "family_farm", "negative_list", "related_party", "objection", "branch",
    "trader_referral",
)  # fmt: skip
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


def bank_files(world: World) -> list[File]:
    """The bank's own tables, UTF-8 with a mark, and the county's referral list."""
    tables = {
        "信用社/科技部/存量授信.csv": _exposures(world),
        "信用社/科技部/还款记录.csv": conduct_table(world, world.conducts, world.as_of),
        "信用社/科技部/已授信.csv": _lines(world),
        "信用社/风险部/负面清单.csv": _negatives(world),
        "信用社/风险部/关系人.csv": _related(world),
        "信用社/客服/异议登记.csv": _objections(world),
        "信用社/合规部/数据来源依据.csv": _bases(world),
        "信用社/机构.csv": _branches(world),
        "县政府办/个体户推荐名单.csv": _traders(world),
    }
    return [File(path, "csv_utf8_bom", [table]) for path, table in tables.items()]


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
                [places.township_names[township]] * household.size, places.village_names[places.household_village[household]].tolist(),
                with_dot(people.name_newer[who], "‧").tolist(), people.id_number[who].tolist(), [year] * household.size,
                traits.persons[household].tolist(), traits.labourers[household].tolist(),
                *[np.round(m[household] / scale, 6).tolist() for m in money],
                traits.sheep[household].tolist(), traits.cattle[household].tolist(), ["是" if m else "否" for m in traits.is_member[household]],
                [f"{year + 1}.3.{5 + township}"] * household.size,
            ]
        )  # fmt: skip
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
    groups = [
        ("基本情况", 7),
        ("收入（元）", 5),
        ("支出（元）", 2),
        ("资产负债（元）", 2),
        ("牲畜", 2),
        ("其他", 2),
    ]
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
                places.village_names[places.household_village[buyers]],
                places.household_group[buyers],
                strict=True,
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
        "machinery_subsidy",
        header,
        columns,
        sheet="公示表",
        title="享受农机购置补贴的购机者信息表",
        footer=True,
    )


def _who(world: World, household: Ints) -> tuple[list[str], list[str]]:
    """The name and number by which the bank knows a household: who speaks for it, in the newer spelling."""
    rows = world.people.current_head[household]
    return world.people.id_number[rows].tolist(), world.people.name_newer[rows].tolist()


def _exposures(world: World) -> Table:
    open_ = world.exposures
    numbers, names = _who(world, open_.household)
    columns: list[list[Any]] = [
        numbers,
        names,
        open_.product.tolist(),
        [f"{c:.2f}" for c in open_.credit],
        [f"{b:.2f}" for b in open_.balance],
        ["正常"] * len(names),
        open_.guarantee.tolist(),
        written_dates(open_.due).tolist(),
    ]
    return Table(
        "bank_exposure",
        ["身份证号", "姓名", "产品", "授信余额(元)", "贷款余额(元)", "五级分类", "担保方式", "到期日"],
        columns,
    )


def conduct_table(world: World, loans: Any, cutoff: Any) -> Table:
    """The repayment history of loans as of a day."""
    numbers, _ = _who(world, loans.household)
    size = len(numbers)
    since = np.where(
        loans.days_now > 0, day(cutoff) - loans.days_now.astype("timedelta64[D]"), np.datetime64("NaT", "D")
    ).astype("datetime64[D]")
    columns: list[list[Any]] = [
        numbers,
        [f"JJ{cutoff.year}{n:07d}" for n in range(size)],
        written_dates(loans.opened).tolist(),
        written_dates(loans.due).tolist(),
        [str(d) for d in loans.worst_days],
        [str(d) for d in loans.days_now],
        ["是" if r else "否" for r in loans.is_relief],
        ["疫情,停业" if r else "" for r in loans.is_relief],
        [f"纾〔{cutoff.year}〕{n}号" if p else "" for n, p in enumerate(loans.is_proven)],
        [cutoff.isoformat()] * size,
        loans.product.tolist(),
        written_dates(since).tolist(),
        written_dates(loans.settled).tolist(),
    ]
    header = [
        "身份证号",
        "借据号",
        "放款日",
        "到期日",
        "最大逾期天数",
        "当前逾期天数",
        "纾困标志",
        "纾困原因",
        "纾困证明编号",
        "截止日期",
        "产品",
        "逾期发生日",
        "结清日",
    ]
    return Table("bank_conduct", header, columns)


def _lines(world: World) -> Table:
    lines = world.lines
    numbers, names = _who(world, lines.household)
    columns: list[list[Any]] = [
        numbers,
        names,
        ["农贷通"] * len(names),
        [f"{x:.0f}" for x in lines.limit],
        written_dates(lines.starts).tolist(),
        written_dates(lines.ends).tolist(),
        [f"HT{n:08d}" for n in range(len(names))],
    ]
    return Table(
        "credit_line", ["身份证号", "姓名", "产品", "授信额度(元)", "起始日", "到期日", "合同编号"], columns
    )


def _negatives(world: World) -> Table:
    lists = world.lists
    now = day(world.as_of)
    groups: list[tuple[Ints, Any, Any]] = [
        (lists.negative_in_force, now - np.timedelta64(400, "D"), None),
        (lists.negative_expired, now - np.timedelta64(700, "D"), now - np.timedelta64(60, "D")),
        (lists.negative_old, now - np.timedelta64(2300, "D"), None),
    ]
    household = np.concatenate([group for group, _, _ in groups])
    numbers, names = _who(world, household)
    listed = list(chain.from_iterable([str(start)] * group.size for group, start, _ in groups))
    expires = list(
        chain.from_iterable(["" if end is None else str(end)] * group.size for group, _, end in groups)
    )
    size = household.size
    columns: list[list[Any]] = [
        numbers,
        names,
        ["失信被执行人"] * size,
        ["F01"] * size,
        ["(虚构)执1号"] * size,
        listed,
        expires,
    ]
    return Table(
        "negative_list",
        ["身份证号", "姓名", "名单类别", "原因代码", "依据文号", "列入日期", "失效日期"],
        columns,
    )


def _related(world: World) -> Table:
    numbers, names = _who(world, world.lists.related)
    updated = str(day(world.as_of) - np.timedelta64(15, "D"))
    outside = int(
        np.flatnonzero(world.people.household < 0)[0]
    )  # the list is never empty: staff live elsewhere too
    numbers.append(str(world.people.id_number[outside]))
    names.append(str(world.people.name_newer[outside]))
    return Table(
        "related_party",
        ["身份证号码", "姓名", "关系", "更新日期"],
        [numbers, names, ["信贷人员近亲属"] * len(names), [updated] * len(names)],
    )


def _objections(world: World) -> Table:
    lists = world.lists
    kinds: list[tuple[Ints, str, str]] = [
        (lists.refuses, "拒绝自动化决策", ""), (lists.disputes, "数据异议", "household_economy 务工收入"), (lists.withdrew, "撤回同意", ""),
    ]  # fmt: skip
    numbers, _ = _who(world, np.concatenate([group for group, _, _ in kinds]))
    columns: list[list[Any]] = [
        numbers,
        list(chain.from_iterable([kind] * group.size for group, kind, _ in kinds)),
        [str(day(world.as_of) - np.timedelta64(20, "D"))] * len(numbers),
        list(chain.from_iterable([text] * group.size for group, _, text in kinds)),
    ]
    return Table("objection", ["身份证号", "类型", "登记日期", "涉及数据"], columns)


def _bases(world: World) -> Table:
    """Every source in the county; machinery by township, the last one's agreement has run out."""
    county, townships = world.places.county_code, world.places.township_codes.tolist()
    year = world.as_of.year
    rows = [(contract, county, f"{year - 2}-01-05", f"{year + 1}-12-31") for contract in CONTRACTS_WITH_BASIS]
    for index, code in enumerate(townships):
        expired = index == len(townships) - 1 and len(townships) > 1
        rows.append(
            (
                "machinery_subsidy",
                code,
                f"{year - 2}-01-05",
                f"{year - 1}-06-30" if expired else f"{year + 1}-12-31",
            )
        )
    columns: list[list[Any]] = [
        list(column)
        for column in zip(
            *[(c, a, "数据共享协议", f"协{year}-{n:03d}", s, e) for n, (c, a, s, e) in enumerate(rows)],
            strict=True,
        )
    ]
    return Table(
        "legal_basis",
        ["数据来源", "行政区划代码", "依据类型", "协议或授权编号", "生效日期", "失效日期"],
        columns,
    )


def _branches(world: World) -> Table:
    codes, names = world.places.township_codes.tolist(), world.places.township_names.tolist()
    columns: list[list[Any]] = [
        [f"{71 + n // 2:04d}" for n in range(len(codes))],
        [f"{name}分社" for name in names],
        codes,
        [f"{300 + n:04d}" for n in range(len(codes))],
    ]
    return Table("branch", ["机构号", "机构名称", "乡镇代码", "客户经理工号"], columns)


def _traders(world: World) -> Table:
    """Traders of the county: most are of registered households, a few are on no register."""
    rng = stream(world.seed, "traders")
    people = world.people
    trading = np.flatnonzero(world.traits.trade > 0)
    chosen = np.sort(rng.permutation(trading)[: max(1, trading.size // 6)])
    rows = np.concatenate([people.current_head[chosen], np.flatnonzero(people.household < 0)[1:]])
    size = rows.size
    referred: Dates = day(world.as_of) - rng.integers(1, 40, size).astype("timedelta64[D]")
    columns: list[list[Any]] = [
        [f"{world.as_of.year}-10"] * size,
        [f"便民商店{n}" for n in range(size)],
        people.name_newer[rows].tolist(),
        people.id_number[rows].tolist(),
        [credit_code(world.places.county_code, n) for n in range(size)],
        choose(rng, ["零售业", "餐饮业", "修理业"], size).tolist(),
        [str(int(a)) for a in np.round(rng.uniform(30000, 150000, size), -4)],
        written_dates(referred).tolist(),
        people.phone[rows].tolist(),
    ]
    header = [
        "推荐批次",
        "字号名称",
        "经营者姓名",
        "身份证号",
        "统一社会信用代码",
        "所属行业",
        "申请金额(元)",
        "推荐日期",
        "联系电话",
    ]
    return Table("trader_referral", header, columns)
