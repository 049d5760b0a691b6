"""What leaves: the household, its decision, and the row that a branch imports."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from data_contracts.relief import Measure

Product = Literal["farmer_line", "poverty_micro_loan", "follow_on_loan", "trader_loan"]
DecisionName = Literal["granted", "declined", "manual_review"]
Action = Literal["grant", "change", "freeze", "remove"]

PRODUCTS_ZH = {
    "farmer_line": "农贷通",
    "poverty_micro_loan": "脱贫人口小额信贷",
    "follow_on_loan": "乡村致富贷",
    "trader_loan": "个体工商户小额贷款",
}
# Of two products that a household might have, the first: a new product is named here, in PRODUCTS_ZH and in the policy.
PRODUCT_ORDER: tuple[Product, ...] = ("trader_loan", "poverty_micro_loan", "follow_on_loan", "farmer_line")
BANDS = ("A", "B", "C", "D", "E")  # the best first
MAX_TERM_MONTHS = 36


class _Outgoing(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", frozen=True, strict=True)


class Household(_Outgoing):
    """A registered household as analysts see it: by pseudonym, without a name."""

    household_key: str = Field(pattern=r"^[ht][a-z2-7]{26}$", description="pseudonym")
    county_code: str = Field(pattern=r"^[0-9]{6}$")
    township_code: str = Field(pattern=r"^[0-9]{9}$")
    village_code: str = Field(pattern=r"^[0-9]{12}$")
    persons: int = Field(ge=0, description="living resident members, persons")
    children: int = Field(ge=0, description="under 14, persons")


class Decision(_Outgoing):
    """What was decided of a household, with the term that bound it and every reason."""

    household_key: str = Field(pattern=r"^[ht][a-z2-7]{26}$")
    product: Product
    decision: DecisionName
    band: Literal["A", "B", "C", "D", "E"] | None
    limit_yuan: int = Field(ge=0, description="whole yuan")
    term_months: int | None = Field(ge=0, le=MAX_TERM_MONTHS, description="months")
    reason_codes: list[str]

    @model_validator(mode="after")
    def decision_and_limit_agree(self) -> Decision:
        """A grant has an amount and a term; nothing else has an amount, but a frozen balance."""
        if self.decision == "granted" and (self.limit_yuan <= 0 or not self.term_months):
            raise PydanticCustomError("GRANT_WITHOUT_LIMIT", "a granted household has no limit or no term")
        if self.decision != "granted" and self.limit_yuan and "FROZEN" not in self.reason_codes:
            raise PydanticCustomError("LIMIT_WITHOUT_GRANT", "a household that is not granted has a limit")
        return self


class BranchRow(_Outgoing):
    """A line of which a branch must do something; names stand here, in the register and in the vault alone."""

    household_ref: str = Field(pattern=r"^b[a-z2-7]{26}$", description="name of the household in this publication only")
    action: Action
    product: Product
    name: str = Field(min_length=1, max_length=50, serialization_alias="姓名")
    id_number: str = Field(pattern=r"^[0-9]{17}[0-9X]$", serialization_alias="身份证号码")
    limit_yuan: int = Field(ge=0, description="whole yuan")
    previous_limit_yuan: int | None = Field(
        ge=0, description="what the branch was last told, whole yuan; null: nothing"
    )
    term_months: int | None = Field(le=MAX_TERM_MONTHS, description="months")
    valid_from: date | None
    valid_to: date | None
    review_due_on: date | None
    rate_spread_bp: int | None = Field(description="basis points a year")
    repayment_method: str
    revolving: bool
    purposes: str
    customer_manager: str | None = Field(description="staff number")
    reason_zh: str
    annual_rate_bp: int | None = Field(ge=0, description="interest, basis points a year; null: the bank's own line")
    annual_cost_bp: int | None = Field(ge=0, description="with every charge (costs.csv), basis points a year")


class RegisterRow(_Outgoing):
    """A line in force, as the branch's register should have it; what changed of it stands in the BranchRows."""

    household_ref: str = Field(pattern=r"^b[a-z2-7]{26}$")
    product: Product
    state: Literal["open", "frozen"] = Field(description="frozen: nothing more can be drawn")
    name: str = Field(min_length=1, max_length=50, serialization_alias="姓名")
    id_number: str = Field(pattern=r"^[0-9]{17}[0-9X]$", serialization_alias="身份证号码")
    limit_yuan: int = Field(ge=0, description="whole yuan")
    term_months: int | None = Field(le=MAX_TERM_MONTHS, description="months")
    valid_from: date | None
    valid_to: date | None
    review_due_on: date | None
    annual_rate_bp: int | None = Field(ge=0, description="interest, basis points a year; null: the bank's own line")
    annual_cost_bp: int | None = Field(ge=0, description="with every charge (costs.csv), basis points a year")


class ReliefOffer(_Outgoing):
    """A measure of relief that a branch may offer a borrower on one open loan.

    The branch and the borrower agree on it.
    """

    household_ref: str = Field(pattern=r"^b[a-z2-7]{26}$")
    name: str = Field(min_length=1, max_length=50, serialization_alias="姓名")
    id_number: str = Field(pattern=r"^[0-9]{17}[0-9X]$", serialization_alias="身份证号码")
    document: str = Field(description="reference of the declaration")
    measure: Measure
    measure_zh: str
    product_name: str = Field(description="as the bank writes it")
    balance_yuan: Decimal = Field(ge=0, description="yuan")
    due_on: date | None
    proposed_due_on: date | None = Field(description="extension: until when")
    rate_cut_bp: int | None = Field(description="rate cut: basis points a year")
    principal_from: date | None = Field(description="changed repayment: until when interest alone is due")
    customer_manager: str | None = Field(description="staff number")
