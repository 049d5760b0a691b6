"""What the bank keeps and the county government refers: exposures, conduct, lines, lists, bases, branches, traders."""

from __future__ import annotations

from datetime import date
from itertools import chain
from typing import Any

import numpy as np

from village_credit.synthetic.bank import Conducts
from village_credit.synthetic.chance import Dates, Ints, choose, day, stream, written_dates
from village_credit.synthetic.identities import credit_code
from village_credit.synthetic.tables import File, Table
from village_credit.synthetic.world import World

CONTRACTS_WITH_BASIS = (
    "land_issuer",
    "land_contractor",
    "land_member",
    "land_parcel",
    "land_transfer",
    "contractor_change",
    "land_subsidy",
    "crop_declaration",
    "household_economy",
    "monitored_household",
    "bank_exposure",
    "bank_conduct",
    "credit_line",
    "family_farm",
    "negative_list",
    "related_party",
    "objection",
    "branch",
    "branch_change",
    "trader_referral",
    "trader_turnover",
)
FORMER_BRANCH = "0031"


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
        "信用社/机构号变更.csv": _branch_changes(world),
        "县政府办/个体户推荐名单.csv": _traders(world),
        "信用社/科技部/商户结算流水.csv": _turnover(world),
    }
    return [File(path, "csv_utf8_bom", [table]) for path, table in tables.items()]


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


def conduct_table(world: World, loans: Conducts, cutoff: date) -> Table:
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
    return Table("credit_line", ["身份证号", "姓名", "产品", "授信额度(元)", "起始日", "到期日", "合同编号"], columns)


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
    expires = list(chain.from_iterable(["" if end is None else str(end)] * group.size for group, _, end in groups))
    size = household.size
    repaired = np.isin(np.arange(size), lists.negative_in_force.size + np.arange(lists.negative_expired.size))
    columns: list[list[Any]] = [
        numbers,
        names,
        ["失信被执行人"] * size,
        ["F01"] * size,
        ["(虚构)执1号"] * size,
        listed,
        expires,
        np.where(repaired, str(now - np.timedelta64(90, "D")), "").tolist(),
    ]
    header = ["身份证号", "姓名", "名单类别", "原因代码", "依据文号", "列入日期", "失效日期", "修复日期"]
    return Table("negative_list", header, columns)


def _related(world: World) -> Table:
    numbers, names = _who(world, world.lists.related)
    updated = str(day(world.as_of) - np.timedelta64(15, "D"))
    outside = int(np.flatnonzero(world.people.household < 0)[0])  # the list is never empty: staff live elsewhere too
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
        (lists.refuses, "拒绝自动化决策", ""),
        (lists.disputes, "数据异议", "household_economy 务工收入"),
        (lists.withdrew, "撤回同意", ""),
    ]
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
            ("machinery_subsidy", code, f"{year - 2}-01-05", f"{year - 1}-06-30" if expired else f"{year + 1}-12-31")
        )
    columns: list[list[Any]] = [
        list(column)
        for column in zip(
            *[(c, a, "数据共享协议", f"协{year}-{n:03d}", s, e) for n, (c, a, s, e) in enumerate(rows)], strict=True
        )
    ]
    return Table(
        "legal_basis", ["数据来源", "行政区划代码", "依据类型", "协议或授权编号", "生效日期", "失效日期"], columns
    )


def _branches(world: World) -> Table:
    codes, names = world.places.township_codes.tolist(), world.places.township_names.tolist()
    columns: list[list[Any]] = [
        [FORMER_BRANCH, *(f"{71 + n // 2:04d}" for n in range(1, len(codes)))],
        [f"{name}分社" for name in names],
        codes,
        [f"{300 + n:04d}" for n in range(len(codes))],
    ]
    return Table("branch", ["机构号", "机构名称", "乡镇代码", "客户经理工号"], columns)


def _branch_changes(world: World) -> Table:
    """The bank's list of branches still has one by the code that it had before the banks merged."""
    return Table(
        "branch_change",
        ["原机构号", "现机构号", "变更日期"],
        [[FORMER_BRANCH], ["0071"], [f"{world.as_of.year - 1}-11-25"]],
    )


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


def _turnover(world: World) -> Table:
    """What the bank settled for the traders: of some a year, of those who began lately, on no register, four months."""
    rng = stream(world.seed, "turnover")
    referred = _traders(world)
    codes = referred.column("统一社会信用代码")
    outsiders = int((world.people.household < 0).sum()) - 1
    months = [
        f"{(world.as_of.year * 12 + world.as_of.month - 1 - back) // 12}-"
        f"{(world.as_of.year * 12 + world.as_of.month - 1 - back) % 12 + 1:02d}"
        for back in range(12, 0, -1)
    ]
    rows = [
        (code, month)
        for place, code in enumerate(codes)
        for month in (months if place < len(codes) - outsiders else months[-4:])
    ]
    amounts = np.round(rng.lognormal(10.3, 0.4, len(rows)), 2)
    columns: list[list[Any]] = [[code for code, _ in rows], [month for _, month in rows], [f"{a:.2f}" for a in amounts]]
    return Table("trader_turnover", ["统一社会信用代码", "月份", "结算金额(元)"], columns)
