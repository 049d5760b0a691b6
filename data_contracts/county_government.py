"""What the county government (县政府) delivers: sole traders named for a small loan."""

from __future__ import annotations

from typing import Annotated, ClassVar

from data_contracts.agriculture_bureau import ID_ALIASES
from data_contracts.fields import (
    Column,
    Contract,
    CreditCode,
    Day,
    PersonName,
    Phone,
    PlainText,
    Reference,
    ResidentId,
    Yuan,
)


class TraderReferral(Contract):
    """A sole trader named for a small loan."""

    contract_name: ClassVar[str] = "trader_referral"
    contract_version: ClassVar[str] = "1.1.0"
    office: ClassVar[str] = "county_government"

    referral_batch: Annotated[Reference, Column("推荐批次", ("批次",))]
    shop_name: Annotated[PlainText, Column("字号名称", ("字号", "个体户名称"))]
    operator_name: Annotated[PersonName, Column("经营者姓名", ("经营者",), sensitivity="C2")]
    id_number: Annotated[ResidentId, Column("身份证号", (*ID_ALIASES, "经营者身份证号"), sensitivity="C2")]
    credit_code: Annotated[CreditCode, Column("统一社会信用代码", ("信用代码",))]
    industry: Annotated[PlainText, Column("所属行业", ("行业",))]
    applied_yuan: Annotated[Yuan, Column("申请金额", ("申请额度",), sensitivity="C2", unit="yuan")]
    referred_on: Annotated[Day, Column("推荐日期", ("推荐日",))]
    business_address: Annotated[
        PlainText | None, Column("经营地址", ("经营场所",), sensitivity="C2", ancillary=True)
    ] = None
    # 知名、特色、优质、新兴: nothing is decided by it
    trader_class: Annotated[PlainText | None, Column("名特优新类型", ("名特优新", "名特优新分类"), ancillary=True)] = (
        None
    )
    phone: Annotated[
        Phone | None, Column("联系电话", ("电话", "手机号", "手机号码"), sensitivity="C2", ancillary=True)
    ] = None
