"""What the machinery stations (农机站) deliver: the public list of subsidised machines."""

from __future__ import annotations

from typing import Annotated, ClassVar

from data_contracts.agriculture_bureau import ID_ALIASES
from data_contracts.fields import Column, Contract, Day, PersonName, PlainText, PositiveCount, ResidentId, Year, Yuan


class MachinerySubsidy(Contract):
    """A machine bought with subsidy; the public lists carry no ID number."""

    contract_name: ClassVar[str] = "machinery_subsidy"
    office: ClassVar[str] = "machinery_station"

    year: Annotated[Year, Column("资金年度", ("年度", "补贴年度"))]
    county_name: Annotated[PlainText, Column("县", ("县市", "县（市）", "县区"))]
    township_name: Annotated[PlainText, Column("所在乡（镇）", ("所在乡镇", "乡镇", "所在乡"))]
    village_name: Annotated[PlainText, Column("所在村组", ("所在村", "村组", "所在村（组）"))]
    buyer_name: Annotated[PersonName, Column("购机者姓名", ("购机者", "购机者名称", "姓名"), sensitivity="C2")]
    machine_type: Annotated[PlainText, Column("机具品目", ("品目", "机具名称"))]
    model: Annotated[PlainText | None, Column("购买机型", ("机型", "产品型号"), ancillary=True)] = None
    machine_count: Annotated[PositiveCount, Column("购买数量", ("数量", "购买台数"))]
    unit_price_yuan: Annotated[Yuan | None, Column("单台销售价格", ("单台销售价", "销售价格"), unit="yuan")] = None
    unit_subsidy_yuan: Annotated[Yuan | None, Column("单台补贴额", ("单台中央补贴额", "单台补贴金额"), unit="yuan")] = (
        None
    )
    subsidy_yuan: Annotated[Yuan, Column("总补贴额", ("补贴总额", "总补贴金额"), unit="yuan")]
    bought_on: Annotated[Day | None, Column("购机日期", ("购买日期", "购机时间"))] = None
    status: Annotated[PlainText | None, Column("状态", ("办理状态", "结算状态"))] = None
    id_number: Annotated[ResidentId | None, Column("身份证号", ID_ALIASES, sensitivity="C2")] = None
