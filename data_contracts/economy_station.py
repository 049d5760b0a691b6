"""What the township economy stations (农经站) deliver: the households' books and the monitored households."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from data_contracts.agriculture_bureau import ID_ALIASES, VILLAGE_ALIASES, YEAR_ALIASES
from data_contracts.fields import (
    YES_NO,
    Column,
    Contract,
    Count,
    Day,
    Kind,
    Month,
    PersonName,
    PlainText,
    PositiveCount,
    Reference,
    ResidentId,
    Year,
    YesNo,
    Yuan,
)


class HouseholdEconomy(Contract):
    """A household's book for a year."""

    contract_name: ClassVar[str] = "household_economy"
    office: ClassVar[str] = "economy_station"
    superseding_key: ClassVar[tuple[str, ...]] = ("year", "id_number")
    superseding_order: ClassVar[str] = "collected_on"
    is_of_head: ClassVar[bool] = True

    year: Annotated[Year, Column("年度", YEAR_ALIASES)]
    head_name: Annotated[PersonName, Column("户主姓名", ("姓名", "户主", "农户姓名"), sensitivity="C2")]
    id_number: Annotated[ResidentId, Column("身份证号", ID_ALIASES, sensitivity="C2")]
    township_name: Annotated[PlainText, Column("乡镇", ("乡（镇）", "所在乡镇", "乡", "镇"))]
    village_name: Annotated[PlainText, Column("村", VILLAGE_ALIASES)]
    group_name: Annotated[PlainText | None, Column("组", ("所在组", "村民小组", "小组"), ancillary=True)] = None
    persons: Annotated[PositiveCount | None, Column("家庭人口", ("家庭人口数", "人口", "家庭人数"))] = None
    labourers: Annotated[Count | None, Column("劳动力人数", ("劳动力", "劳动力数"))] = None
    planting_income_yuan: Annotated[Yuan | None, Column("种植收入", ("种植业收入",), sensitivity="C2", unit="yuan")] = (
        None
    )
    livestock_income_yuan: Annotated[
        Yuan | None, Column("养殖收入", ("养殖业收入", "畜牧收入"), sensitivity="C2", unit="yuan")
    ] = None
    wage_income_yuan: Annotated[
        Yuan | None, Column("务工收入", ("工资性收入", "劳务收入"), sensitivity="C2", unit="yuan")
    ] = None
    trade_income_yuan: Annotated[
        Yuan | None, Column("经营收入", ("经商收入", "其他经营收入"), sensitivity="C2", unit="yuan")
    ] = None
    transfer_income_yuan: Annotated[Yuan | None, Column("转移性收入", ("转移收入",), sensitivity="C2", unit="yuan")] = (
        None
    )
    production_cost_yuan: Annotated[
        Yuan | None, Column("生产支出", ("生产性支出", "生产费用"), sensitivity="C2", unit="yuan")
    ] = None
    living_cost_yuan: Annotated[Yuan | None, Column("生活支出", ("生活消费支出",), sensitivity="C2", unit="yuan")] = (
        None
    )
    assets_yuan: Annotated[Yuan | None, Column("家庭资产", ("家庭资产总值", "资产"), sensitivity="C2", unit="yuan")] = (
        None
    )
    debts_yuan: Annotated[Yuan | None, Column("家庭负债", ("负债", "家庭债务"), sensitivity="C2", unit="yuan")] = None
    sheep: Annotated[Count | None, Column("羊", ("羊存栏", "存栏羊"))] = None
    cattle: Annotated[Count | None, Column("牛", ("牛存栏", "存栏牛"))] = None
    is_cooperative_member: Annotated[YesNo | None, Column("合作社成员", ("是否合作社成员",), labels=YES_NO)] = None
    collected_on: Annotated[Day | None, Column("采集日期", ("采集时间", "填表日期", "登记日期"))] = None


class MonitoredHousehold(Contract):
    """A member of a household watched against falling back into poverty (防返贫监测)."""

    contract_name: ClassVar[str] = "monitored_household"
    contract_version: ClassVar[str] = "1.1.0"
    office: ClassVar[str] = "economy_station"
    is_adverse: ClassVar[bool] = True

    monitored_code: Annotated[Reference, Column("户编号", ("户编码",), sensitivity="C2")]
    household_type: Annotated[
        Literal["脱贫户", "一般农户", "防止返贫致贫对象"],
        Kind.LABEL,
        Column("户类型", ("农户类型",), labels=(("一般户", "一般农户"),)),
    ]
    monitored_class: Annotated[
        Literal["脱贫不稳定户", "边缘易致贫户", "突发严重困难户", "防止返贫致贫对象"] | None,
        Kind.LABEL,
        Column("监测对象类别", ("监测类别",)),
    ] = None
    member_name: Annotated[PersonName, Column("姓名", ("成员姓名",), sensitivity="C2")]
    id_number: Annotated[ResidentId, Column("身份证号", ID_ALIASES, sensitivity="C2")]
    village_name: Annotated[PlainText, Column("村", VILLAGE_ALIASES)]
    is_resolved: Annotated[YesNo | None, Column("风险是否已消除", ("是否消除风险",), labels=YES_NO)] = None
    identified_in: Annotated[Month | None, Column("识别监测时间", ("识别时间",))] = None
    resolved_in: Annotated[Month | None, Column("消除监测时间", ("消除时间", "风险消除时间"))] = None
    has_left: Annotated[YesNo | None, Column("是否退出", ("是否已退出",), labels=YES_NO)] = None
    left_on: Annotated[Day | None, Column("退出日期", ("退出时间",), open_end=True)] = None

    sound_where: ClassVar[str] = "left_on IS NULL OR identified_in IS NULL OR identified_in <= left_on"

    @model_validator(mode="after")
    def leaves_after_it_came(self) -> MonitoredHousehold:
        """Nobody leaves the list before the month in which he was found."""
        if self.left_on and self.identified_in and self.left_on < self.identified_in:
            raise PydanticCustomError("ENDS_BEFORE_START", "left before it was identified")
        return self
