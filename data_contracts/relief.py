"""A declaration of epidemic or disaster, and the proofs that borrowers or offices bring to it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from data_contracts.toml_file import Text, names_nobody, read_toml

AreaCode = Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$")]
Measure = Literal["extension", "rate_cut", "changed_repayment", "renewal_without_principal", "new_for_old"]
MEASURES_ZH: dict[str, str] = {
    "extension": "展期",
    "rate_cut": "降低利率",
    "changed_repayment": "调整还款方式",
    "renewal_without_principal": "无还本续贷",
    "new_for_old": "借新还旧",
}
CAUSES_ZH: dict[str, str] = {"epidemic": "疫情", "disaster": "灾害"}
# A farming household is known by what it grows or keeps; every other word is a trader's 所属行业.
CROP_FARMING, LIVESTOCK_FARMING = "种植业", "养殖业"
PROOF_HEADERS = ("身份证号", "借据号", "纾困证明编号")


class DeclarationRefused(ValueError):
    """A declaration is unsound: every fault with its place."""


class ReliefDeclaration(BaseModel):
    """What an authority declared: why, where, for whom, from when to when, and what may be offered.

    `area_codes`: counties (6 digits), townships (9) or villages (12). `industries`: none means every household there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    cause: Literal["epidemic", "disaster"]
    area_codes: tuple[AreaCode, ...] = Field(min_length=1)
    industries: tuple[Annotated[str, Field(min_length=1, max_length=50), AfterValidator(names_nobody)], ...] = ()
    from_: date = Field(alias="from")
    to: date
    document: Text
    measures: tuple[Measure, ...] = ()

    @model_validator(mode="after")
    def ends_after_it_begins(self) -> ReliefDeclaration:
        """A window has its days in order."""
        if self.to < self.from_:
            raise ValueError("`to` is before `from`")
        return self

    def counties(self) -> list[str]:
        """Return the counties that it concerns, sorted."""
        return sorted({code[:6] for code in self.area_codes})


def read_declaration(text: str) -> ReliefDeclaration:
    """Read a declaration; raises DeclarationRefused with every fault and its place."""
    return read_toml(text, ReliefDeclaration, DeclarationRefused)
