"""What an institution's listing reasons mean, and for whom of a household a listing or arrears count.

The policy's `[screen]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    pass


Colour = Literal["black", "grey", "refused"]
Whom = Literal["any_adult", "borrower_only"]
Code = Annotated[
    str, Field(pattern=r"^[^\s,，;；、/]+$", max_length=20)
]  # what stands between two codes of a cell is in none


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ListReason(_Rules):
    """One reason of the institution's list, with the codes by which it is written.

    black: declined. grey: a person looks. refused: rests on health, status or hearsay, and never counts.
    """

    codes: tuple[Code, ...] = Field(min_length=1)
    meaning: str = Field(min_length=1, max_length=60)
    colour: Colour


class Contagion(_Rules):
    """For whom an entry counts.

    `any_adult` for the whole household, `borrower_only` for the member who would borrow.
    """

    negative_list: Whom = "any_adult"
    grey_list: Whom = "any_adult"
    related_party: Whom = "any_adult"
    overdue: Whom = "any_adult"


class ScreenRules(_Rules):
    """Section `screen` of a policy.

    Without it every listing declines but those of `refused_list_reasons`, whoever of the adults is listed.
    """

    reasons: tuple[ListReason, ...] = ()
    contagion: Contagion = Contagion()

    def codes_of(self, colour: Colour) -> list[str]:
        """Return the codes of one colour, in the order of the file."""
        return [code for reason in self.reasons if reason.colour == colour for code in reason.codes]

    def refused_meanings(self) -> dict[int, set[str]]:
        """Name the meanings that may say what the policy itself must never use.

        It refuses them (pydantic's `exclude`).
        """
        return {place: {"meaning"} for place, reason in enumerate(self.reasons) if reason.colour == "refused"}
