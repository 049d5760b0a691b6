"""The meeting that decided on a run: when, where, who sat and how each voted, and where the minutes are."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.toml_file import Text, read_toml

Vote = Literal["for", "against", "abstain"]
Number = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{0,9}$")]


class MeetingRefused(ValueError):
    """A meeting's file is unsound: every fault with its place."""


class Member(BaseModel):
    """Somebody who sat, by staff number, and their vote."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    number: Number
    vote: Vote


class Meeting(BaseModel):
    """A meeting of the committee; `place` or `title` says which, `minutes` is the reference of its minutes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    date: date
    place: Text | None = None
    title: Text | None = None
    minutes: Text
    members: tuple[Member, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def says_which(self) -> Meeting:
        """One of place and title is there."""
        if self.place is None and self.title is None:
            raise ValueError("neither `place` nor `title` says which meeting it was")
        return self

    def content(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        return self.model_dump(mode="json", exclude_none=True)


def read_meeting(text: str) -> Meeting:
    """Read a meeting's file; raises MeetingRefused with every fault and its place."""
    return read_toml(text, Meeting, MeetingRefused)
