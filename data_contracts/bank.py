"""What the bank itself delivers: exposures, conduct, lists, the basis of each source and its branches."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from data_contracts.agriculture_bureau import ID_ALIASES
from data_contracts.fields import (
    YES_NO,
    AreaCode,
    Column,
    Contract,
    Count,
    CreditCode,
    Day,
    Kind,
    Month,
    PersonName,
    PlainText,
    Reference,
    ResidentId,
    ShortCode,
    TownshipCode,
    YesNo,
    Yuan,
)


class BankExposure(Contract):
    """A borrower's open credit."""

    contract_name: ClassVar[str] = "bank_exposure"
    office: ClassVar[str] = "bank"
    is_adverse: ClassVar[bool] = True

    id_number: Annotated[ResidentId, Column("身份证号", ID_ALIASES, sensitivity="C2")]
    borrower_name: Annotated[PersonName, Column("姓名", ("客户姓名", "客户名称", "借款人"), sensitivity="C2")]
    product_name: Annotated[PlainText, Column("产品", ("产品名称", "贷款品种"))]
    credit_yuan: Annotated[Yuan, Column("授信余额", ("授信额度", "授信金额"), sensitivity="C2", unit="yuan")]
    balance_yuan: Annotated[Yuan, Column("贷款余额", ("余额",), sensitivity="C2", unit="yuan")]
    loan_class: Annotated[
        Literal["正常", "关注", "次级", "可疑", "损失"],
        Kind.LABEL,
        Column(
            "五级分类",
            ("风险分类",),
            sensitivity="C2",
            labels=tuple((f"{name}类", name) for name in ("正常", "关注", "次级", "可疑", "损失")),
        ),
    ]
    guarantee: Annotated[PlainText | None, Column("担保方式", ("担保类型",))] = None
    due_on: Annotated[Day | None, Column("到期日", ("到期日期",), open_end=True)] = None


class BankConduct(Contract):
    """A loan's repayment history."""

    contract_name: ClassVar[str] = "bank_conduct"
    contract_version: ClassVar[str] = "1.1.0"
    office: ClassVar[str] = "bank"
    is_adverse: ClassVar[bool] = True

    id_number: Annotated[ResidentId, Column("身份证号", ID_ALIASES, sensitivity="C2")]
    loan_number: Annotated[ShortCode, Column("借据号", ("借据编号",), sensitivity="C2")]
    opened_on: Annotated[Day, Column("放款日", ("放款日期",))]
    due_on: Annotated[Day, Column("到期日", ("到期日期",), open_end=True)]
    max_days_overdue: Annotated[Count, Column("最大逾期天数", ("最长逾期天数",), sensitivity="C2")]
    days_overdue: Annotated[Count, Column("当前逾期天数", ("逾期天数",), sensitivity="C2")]
    is_relief: Annotated[YesNo | None, Column("纾困标志", ("是否纾困",), labels=YES_NO)] = None
    relief_cause: Annotated[PlainText | None, Column("纾困原因", sensitivity="C2")] = None
    relief_proof: Annotated[PlainText | None, Column("纾困证明编号", ("证明编号",))] = None
    cutoff_on: Annotated[Day, Column("截止日期", ("数据截止日期", "统计截止日"))]
    product_name: Annotated[PlainText | None, Column("产品", ("产品名称", "贷款品种"))] = None
    loan_yuan: Annotated[Yuan | None, Column("放款金额", ("借据金额",), sensitivity="C2", unit="yuan")] = None
    overdue_since: Annotated[Day | None, Column("逾期发生日", ("首次逾期日",))] = None
    settled_on: Annotated[Day | None, Column("结清日", ("结清日期",), open_end=True)] = None
    max_overdue_yuan: Annotated[
        Yuan | None, Column("最高逾期金额", ("最大逾期金额",), sensitivity="C2", unit="yuan")
    ] = None
    cured_on: Annotated[Day | None, Column("逾期结清日", ("逾期还清日", "逾期归还日"))] = None

    sound_where: ClassVar[str] = """
        (cured_on IS NULL OR overdue_since IS NULL OR overdue_since <= cured_on) AND opened_on <= due_on
        AND days_overdue <= max_days_overdue
    """

    @model_validator(mode="after")
    def dates_and_days_agree(self) -> BankConduct:
        """A loan falls due after it is opened, and the worst arrears are no smaller than today's."""
        if self.cured_on and self.overdue_since and self.cured_on < self.overdue_since:
            raise PydanticCustomError("ENDS_BEFORE_START", "the arrears are repaid before they began")
        if self.due_on < self.opened_on:
            raise PydanticCustomError("ENDS_BEFORE_START", "the loan falls due before it is opened")
        if self.days_overdue > self.max_days_overdue:
            raise PydanticCustomError("DAYS_DISAGREE", "more days overdue now than ever")
        return self


class CreditLine(Contract):
    """A line already granted, loaded on the first day and after."""

    contract_name: ClassVar[str] = "credit_line"
    office: ClassVar[str] = "bank"
    is_adverse: ClassVar[bool] = True

    id_number: Annotated[ResidentId, Column("身份证号", ID_ALIASES, sensitivity="C2")]
    borrower_name: Annotated[PersonName, Column("姓名", ("客户姓名", "客户名称"), sensitivity="C2")]
    product_name: Annotated[PlainText, Column("产品", ("产品名称",))]
    limit_yuan: Annotated[Yuan, Column("授信额度", ("授信金额",), sensitivity="C2", unit="yuan")]
    starts_on: Annotated[Day, Column("起始日", ("授信起始日", "起始日期"))]
    ends_on: Annotated[Day, Column("到期日", ("授信到期日", "到期日期"), open_end=True)]
    contract_number: Annotated[ShortCode | None, Column("合同编号", ("合同号",), sensitivity="C2")] = None

    sound_where: ClassVar[str] = "starts_on <= ends_on"

    @model_validator(mode="after")
    def line_is_sound(self) -> CreditLine:
        """A line does not end before it starts."""
        if self.ends_on < self.starts_on:
            raise PydanticCustomError("ENDS_BEFORE_START", "the line ends before it starts")
        return self


class TraderTurnover(Contract):
    """What the bank settled for a merchant in a month."""

    contract_name: ClassVar[str] = "trader_turnover"
    office: ClassVar[str] = "bank"
    unique_key: ClassVar[tuple[str, ...]] = ("credit_code", "month")

    credit_code: Annotated[CreditCode, Column("统一社会信用代码", ("信用代码",))]
    month: Annotated[Month, Column("月份", ("结算月份", "年月"))]
    settled_yuan: Annotated[Yuan, Column("结算金额", ("收单金额", "交易金额"), sensitivity="C2", unit="yuan")]


class NegativeList(Contract):
    """A listed person, with issuer's evidence and an end."""

    contract_name: ClassVar[str] = "negative_list"
    contract_version: ClassVar[str] = "1.1.0"
    office: ClassVar[str] = "bank"
    is_adverse: ClassVar[bool] = True

    id_number: Annotated[ResidentId, Column("身份证号", ID_ALIASES, sensitivity="C2")]
    person_name: Annotated[PersonName, Column("姓名", ("客户姓名",), sensitivity="C2")]
    list_category: Annotated[PlainText, Column("名单类别", ("名单类型",))]
    reason_code: Annotated[Reference, Column("原因代码", ("列入原因代码",))]
    evidence_number: Annotated[Reference, Column("依据文号", ("依据", "文号"))]
    listed_on: Annotated[Day, Column("列入日期", ("列入日",))]
    expires_on: Annotated[Day | None, Column("失效日期", ("失效日", "到期日期"), open_end=True)] = None
    repaired_on: Annotated[Day | None, Column("修复日期", ("信用修复日期", "修复日"))] = None

    sound_where: ClassVar[str] = "repaired_on IS NULL OR listed_on <= repaired_on"

    @model_validator(mode="after")
    def repair_follows(self) -> NegativeList:
        """Nobody's entry is repaired before it stands."""
        if self.repaired_on and self.repaired_on < self.listed_on:
            raise PydanticCustomError("ENDS_BEFORE_START", "repaired before it was listed")
        return self


class RelatedParty(Contract):
    """A person to whom article 40 of the commercial bank law forbids unsecured credit."""

    contract_name: ClassVar[str] = "related_party"
    office: ClassVar[str] = "bank"
    is_adverse: ClassVar[bool] = True

    id_number: Annotated[ResidentId, Column("身份证号", ID_ALIASES, sensitivity="C2")]
    person_name: Annotated[PersonName, Column("姓名", sensitivity="C2")]
    relation: Annotated[PlainText, Column("关系", ("关联关系",), sensitivity="C2")]
    updated_on: Annotated[Day, Column("更新日期", ("更新日",))]


class Objection(Contract):
    """A person who refused automated decisions, disputes a datum, or withdrew consent."""

    contract_name: ClassVar[str] = "objection"
    office: ClassVar[str] = "bank"
    is_adverse: ClassVar[bool] = True

    id_number: Annotated[ResidentId, Column("身份证号", ID_ALIASES, sensitivity="C2")]
    objection_type: Annotated[PlainText, Column("类型", ("异议类型",))]
    registered_on: Annotated[Day, Column("登记日期", ("登记日",))]
    disputed_data: Annotated[PlainText | None, Column("涉及数据", ("涉及的数据",))] = None


class LegalBasis(Contract):
    """The basis for using a source in an area."""

    contract_name: ClassVar[str] = "legal_basis"
    office: ClassVar[str] = "bank"

    source: Annotated[PlainText, Column("数据来源", ("来源",))]
    area_code: Annotated[AreaCode, Column("行政区划代码", ("区划代码",))]
    basis_type: Annotated[PlainText, Column("依据类型")]
    agreement_number: Annotated[Reference, Column("协议或授权编号", ("协议编号", "授权编号"))]
    starts_on: Annotated[Day, Column("生效日期", ("生效日",))]
    ends_on: Annotated[Day, Column("失效日期", ("失效日",), open_end=True)]


class Branch(Contract):
    """The branch that serves a township."""

    contract_name: ClassVar[str] = "branch"
    contract_version: ClassVar[str] = "1.1.0"
    office: ClassVar[str] = "bank"
    unique_key: ClassVar[tuple[str, ...]] = ("township_code",)

    branch_code: Annotated[ShortCode, Column("机构号", ("机构代码",))]
    branch_name: Annotated[PlainText, Column("机构名称", ("支行名称", "网点名称"))]
    township_code: Annotated[TownshipCode, Column("乡镇代码", ("服务乡镇代码",))]
    manager_number: Annotated[ShortCode | None, Column("客户经理工号", ("客户经理",))] = None
    updated_on: Annotated[Day | None, Column("更新日期", ("更新日", "截止日期"))] = None


class BranchChange(Contract):
    """A branch whose code changed: renamed, or taken over by another (机构号变更)."""

    contract_name: ClassVar[str] = "branch_change"
    contract_version: ClassVar[str] = "1.0.0"
    office: ClassVar[str] = "bank"
    unique_key: ClassVar[tuple[str, ...]] = ("old_code",)

    old_code: Annotated[ShortCode, Column("原机构号", ("旧机构号", "变更前机构号"))]
    new_code: Annotated[ShortCode, Column("现机构号", ("新机构号", "变更后机构号"))]
    changed_on: Annotated[Day, Column("变更日期", ("生效日期", "启用日期"))]

    sound_where: ClassVar[str] = "old_code <> new_code"

    @model_validator(mode="after")
    def codes_differ(self) -> BranchChange:
        """A code that changes into itself is no change."""
        if self.old_code == self.new_code:
            raise PydanticCustomError("SAME_CODE", "the old code is the new one")
        return self
