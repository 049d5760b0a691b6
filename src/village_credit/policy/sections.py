"""The sections of a policy beside its figures, as written.

Ladder, charges, seasons, retention, repair, relief, recipients.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from data_contracts.reasons import DECISION_REASONS
from data_contracts.relief import Measure
from data_contracts.toml_file import names_nobody
from village_credit.recipients import required_recipient

DrawPurpose = Literal["seed", "fertiliser", "pesticide", "machinery", "livestock", "trade", "other"]  # as draws have it
ProductName = Literal["farmer_line", "poverty_micro_loan", "follow_on_loan", "trader_loan"]
BandName = Literal["A", "B", "C", "D", "E"]
PRODUCTS: tuple[ProductName, ...] = (
    "trader_loan",
    "poverty_micro_loan",
    "follow_on_loan",
    "farmer_line",
)  # the first that applies
BANDS: tuple[BandName, ...] = ("A", "B", "C", "D", "E")
# Relief of any kind ends where the law refuses: no policy can take these from its list.
ALWAYS_REFUSED = ("RELATED_PARTY", "CONSENT_WITHDRAWN")


def no_text(value: object) -> object:
    """Refuse a number that is written as a text: "6600" may have been anything before somebody quoted it."""
    if isinstance(value, str | bool):
        raise ValueError("a number is asked for, and this is a text or a truth value: write it without quotes")  # noqa: TRY004  # pydantic hears ValueError
    return value


Whole = Annotated[int, BeforeValidator(no_text)]
# `*` is every county, as no county is
County = Annotated[str | None, AfterValidator(lambda county: None if county == "*" else county)]
# What the limit's whole numbers can hold: beyond, a figure is a slip of the pen.
Value = Annotated[Decimal, BeforeValidator(no_text), Field(ge=-(10**12), le=10**12, decimal_places=12)]
BranchCode = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,40}$")]  # as the contract `branch` has it
NormValue = Annotated[Decimal, BeforeValidator(no_text), Field(ge=0, le=10**6, decimal_places=6)]


def each_for_one_branch(told: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Refuse a branch without a recipient, and a recipient that stands twice: a package is for its branch alone."""
    if empty := [branch for branch, recipients in told.items() if not recipients]:
        raise ValueError(f"branch {empty[0]} has no recipient: write one, or take the branch out of the table")
    first: dict[str, str] = {}
    for branch, recipient in ((branch, one) for branch, recipients in told.items() for one in recipients):
        if recipient in first:
            raise ValueError(
                f"a recipient of branch {branch} stands under {first[recipient]} already: each branch has its own key"
            )
        first[recipient] = branch
    return told


# By branch code, for whom its package is encrypted: more than one while a branch changes its key.
BranchRecipients = Annotated[
    dict[BranchCode, tuple[Annotated[str, AfterValidator(required_recipient)], ...]],
    AfterValidator(each_for_one_branch),
]


DAY_OF_YEAR = r"^(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$"
COMMON_YEAR = 2001  # no season opens or ends on 29 February


class Section(BaseModel):
    """A part of the file: what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class LadderStep(Section):
    """Above which published limit, whole yuan, somebody of a role signs a household by itself (`ladder.py`)."""

    above_yuan: Whole = Field(ge=0)
    role: str = Field(pattern=r"^\S(.{0,38}\S)?$")
    from_: date = Field(alias="from")
    reference: str
    verified: bool = False
    county: County = None
    product: ProductName | None = None


class Charge(Section):
    """What a loan costs beside its interest: what for, who takes it, how much of the amount, once or every year."""

    charge: Annotated[str, Field(pattern=r"^\S(.{0,28}\S)?$"), AfterValidator(names_nobody)]
    payee: Annotated[str, Field(pattern=r"^\S(.{0,38}\S)?$"), AfterValidator(names_nobody)]
    basis: Literal["yearly", "once"]
    share: Annotated[Decimal, BeforeValidator(no_text)] = Field(ge=0, le=Decimal("0.24"), decimal_places=6)
    from_: date = Field(alias="from")
    reference: str
    verified: bool = False
    county: County = None
    product: ProductName | None = None


class Season(Section):
    """A crop season within a revolving line: when it may be drawn, when it is due, and how much of the limit.

    Days of a year, MM-DD; `due` is the first such day after `closes`. `crop`: for households that grow it; none: all.
    """

    season: str = Field(pattern=r"^\S(.{0,18}\S)?$")
    product: ProductName
    opens: str = Field(pattern=DAY_OF_YEAR)
    closes: str = Field(pattern=DAY_OF_YEAR)
    due: str = Field(pattern=DAY_OF_YEAR)
    share: Annotated[Decimal, BeforeValidator(no_text)] = Field(ge=0, le=1, decimal_places=6)
    from_: date = Field(alias="from")
    reference: str
    verified: bool = False
    county: County = None
    crop: str | None = None

    @field_validator("opens", "closes", "due")
    @classmethod
    def be_a_day_of_every_year(cls, day: str) -> str:
        """Refuse 31 April, and 29 February."""
        date.fromisoformat(f"{COMMON_YEAR}-{day}")
        return day


class RetentionPeriod(Section):
    """For how many days something is kept: from when they are reckoned is said where each is applied (`retain`)."""

    what: Literal["superseded_vaults", "simulation_inputs", "confirmed_packages", "unsigned_runs", "contract_records"]
    days: Whole = Field(ge=0, le=36525)
    unit: Literal["days"]
    from_: date = Field(alias="from")
    reference: str
    verified: bool = False
    county: County = None


class MayCome(Section):
    """A document that may come later in a relief window: the reason that it answers, what it is, and its days."""

    reason: Literal["OVERDUE", "LINK_UNCONFIRMED", "DISPUTED_DATUM"]
    item: str = Field(min_length=1, max_length=40)
    days: Whole = Field(ge=1, le=366)


class ArrearsRepair(Section):
    """Arrears that are no longer shown (一次性信用修复): begun between two days, at most so much, repaid by a day."""

    overdue_from: date
    overdue_to: date
    most_yuan: Whole = Field(ge=1, le=10**6)
    cured_by: date
    from_: date = Field(alias="from")
    reference: str
    verified: bool = False

    @model_validator(mode="after")
    def be_in_order(self) -> ArrearsRepair:
        """Arrears begin before they are repaid."""
        if not self.overdue_from <= self.overdue_to <= self.cured_by:
            raise ValueError("overdue_from, overdue_to and cured_by must follow each other")
        return self


class RepairRules(Section):
    """What of the past no longer counts: repaired arrears, repaired listings, listings by the age of their reason.

    `listing_months`: by reason code, for how many months from its day an entry counts at most. Nothing as shipped.
    """

    arrears: ArrearsRepair | None = None
    listings: bool = False
    listing_months: dict[str, Annotated[int, BeforeValidator(no_text), Field(ge=1, le=60)]] = {}


class ReliefRules(Section):
    """What relief may do.

    Refusals of the law that it cannot hold off, listing reasons that mean arrears, measures, documents.

    A measure needs its figure too: `relief_extension_months`, `relief_rate_cut_bp`.
    """

    legal_refusals: tuple[str, ...] = ("HELD", "CONSENT_WITHDRAWN", "RELATED_PARTY", "NEGATIVE_LIST", "NO_LEGAL_BASIS")
    conduct_list_reasons: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    may_come_later: tuple[MayCome, ...] = ()

    @field_validator("legal_refusals")
    @classmethod
    def hold_what_the_law_refuses(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        """Every code is a decision's reason, and none is missing of those that no relief may hold off."""
        if unknown := [code for code in codes if code not in DECISION_REASONS]:
            raise ValueError(f"no decision has the reason {', '.join(unknown)}")
        if missing := [code for code in ALWAYS_REFUSED if code not in codes]:
            raise ValueError(
                f"{' and '.join(missing)} must be among them: the law refuses, and no relief holds that off"
            )
        return codes
