"""What comes back once limits are out: receipts of branches, contracts, draws and repayments of the core system.

Households appear by `household_ref`, which holds for one publication only, and by contract number: no ID numbers.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from data_contracts.fields import Column, Contract, Day, Kind, PlainText, Reference, ShortCode, Yuan

CountyCode = Annotated[str, Kind.CODE, Field(pattern=r"^[0-9]{6}$")]
PaidYuan = Annotated[Yuan, Field(gt=0)]
OUTCOMES_ZH = (("已导入", "imported"), ("已拒绝", "refused"), ("已变更", "changed"))
CHANNELS_ZH = (("柜面", "counter"), ("线上", "online"))
PURPOSES_ZH = (
    ("种子", "seed"),
    ("化肥", "fertiliser"),
    ("农药", "pesticide"),
    ("农机", "machinery"),
    ("牲畜", "livestock"),
    ("经营", "trade"),
    ("其他", "other"),
)


class Receipt(Contract):
    """What a branch did with one row of its package."""

    contract_name: ClassVar[str] = "receipt"
    office: ClassVar[str] = "branch"
    unique_key: ClassVar[tuple[str, ...]] = ("publication_id", "household_ref")

    publication_id: Annotated[ShortCode, Column("publication_id", ("发布编号",))]
    household_ref: Annotated[ShortCode, Column("household_ref", ("户参考号",), sensitivity="C2")]
    outcome: Annotated[
        Literal["imported", "refused", "changed"], Kind.LABEL, Column("outcome", ("结果",), labels=OUTCOMES_ZH)
    ]
    reason: Annotated[PlainText | None, Column("reason", ("原因",))] = None
    received_on: Annotated[Day, Column("at", ("回执日期",))]
    branch_limit_yuan: Annotated[
        Yuan | None, Column("branch_limit_yuan", ("支行核定额度",), sensitivity="C2", unit="yuan")
    ] = None

    sound_where: ClassVar[str] = "outcome <> 'changed' OR branch_limit_yuan IS NOT NULL"

    @model_validator(mode="after")
    def _changed_says_to_what(self) -> Self:
        if self.outcome == "changed" and self.branch_limit_yuan is None:
            raise PydanticCustomError("CHANGED_WITHOUT_LIMIT", "changed, but to no figure")
        return self


class CreditContract(Contract):
    """A contract that a household signed."""

    contract_name: ClassVar[str] = "credit_contract"
    office: ClassVar[str] = "core_system"
    unique_key: ClassVar[tuple[str, ...]] = ("contract_number",)

    household_ref: Annotated[ShortCode, Column("household_ref", ("户参考号",), sensitivity="C2")]
    contract_number: Annotated[ShortCode, Column("contract_no", ("合同编号", "合同号"), sensitivity="C2")]
    signed_on: Annotated[Day, Column("signed_on", ("签订日期",))]
    channel: Annotated[
        Literal["counter", "online"] | None, Kind.LABEL, Column("channel", ("签约渠道",), labels=CHANNELS_ZH)
    ] = None


class Draw(Contract):
    """Money drawn under a contract."""

    contract_name: ClassVar[str] = "draw"
    office: ClassVar[str] = "core_system"
    contract_version: ClassVar[str] = "1.1.0"

    contract_number: Annotated[ShortCode, Column("contract_no", ("合同编号", "合同号"), sensitivity="C2")]
    amount_yuan: Annotated[PaidYuan, Column("amount_yuan", ("用信金额",), sensitivity="C2", unit="yuan")]
    drawn_on: Annotated[Day, Column("drawn_on", ("用信日期",))]
    purpose: Annotated[
        Literal["seed", "fertiliser", "pesticide", "machinery", "livestock", "trade", "other"] | None,
        Kind.LABEL,
        Column("purpose", ("用途",), labels=PURPOSES_ZH),
    ] = None
    # with it two equal draws of a day are two
    loan_number: Annotated[ShortCode | None, Column("loan_no", ("借据号", "借据编号"), sensitivity="C2")] = None


class Repayment(Contract):
    """Money paid back under a contract."""

    contract_name: ClassVar[str] = "repayment"
    office: ClassVar[str] = "core_system"

    contract_number: Annotated[ShortCode, Column("contract_no", ("合同编号", "合同号"), sensitivity="C2")]
    amount_yuan: Annotated[PaidYuan, Column("amount_yuan", ("还款金额",), sensitivity="C2", unit="yuan")]
    paid_on: Annotated[Day, Column("paid_on", ("还款日期",))]


class CampaignPlan(Contract):
    """A season's lending plan of a county."""

    contract_name: ClassVar[str] = "campaign_plan"
    office: ClassVar[str] = "bank"

    campaign: Annotated[Reference, Column("campaign", ("活动名称",))]
    county_code: Annotated[CountyCode, Column("county_code", ("县代码",))]
    starts_on: Annotated[Day, Column("from", ("开始日期",))]
    ends_on: Annotated[Day, Column("to", ("结束日期",))]
    planned_yuan: Annotated[Yuan, Column("planned_yuan", ("计划金额",), unit="yuan")]
    purposes: Annotated[PlainText, Column("purposes", ("用途",))]

    sound_where: ClassVar[str] = "starts_on <= ends_on"

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends_on < self.starts_on:
            raise PydanticCustomError("ENDS_BEFORE_START", "ends before it starts")
        return self
