"""What of a household the committee lets be named as what would help it: a closed list, in the committee's order.

Nothing of it is age, sex, place, or who lives in the household: a thing that is not here can be in no policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from village_credit.policy.sections import Section, Whole

if TYPE_CHECKING:
    from village_credit.policy.model import Policy

# Features of the scorecard that somebody can change by one thing; a share, a spread or who lives there is none.
Feature = Literal["income_per_person_yuan", "debt_to_income", "cost_to_planting", "assets_per_person_yuan"]
# One record that stands against a household, or is owed to it.
Record = Literal["hold", "arrears", "listing", "link", "renewal", "settled_loan"]
# Land, of which a whole mu more is tried after the other.
Land = Literal["registered_land", "subsidised_land", "crop"]
# A figure of the limit that rises in whole yuan or heads; of a loan, what is repaid of it.
Amount = Literal[
    "loan", "wages", "livestock_income", "trade_income", "turnover", "sheep", "cattle", "machine", "applied_amount"
]
Thing = Feature | Record | Land | Amount


class Changeable(Section):
    """One thing that may be named, who can change it, and up to how much more of it anybody is told."""

    what: Thing
    by: Literal["household", "office"]
    most: Whole | None = Field(default=None, ge=1, le=10**7)  # yuan, mu or heads; a record has none
    from_: date = Field(alias="from")
    reference: str
    verified: bool = False


def changeable(policy: Policy, day: date) -> list[Changeable]:
    """Return what may be named on a day, in the order of the file; of one thing the latest word."""
    held = [one for one in policy.changeable if one.from_ <= day]
    last = {one.what: one for one in sorted(held, key=lambda one: one.from_)}
    return [last[what] for what in dict.fromkeys(one.what for one in held)]


def changeable_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name place and fault of two words of one day on the same thing."""
    told = Counter((one.what, one.from_) for one in policy.changeable)
    for number, one in enumerate(policy.changeable):
        if told[one.what, one.from_] > 1:
            yield f"changeable.{number}", f"{one.what} is said more than once from {one.from_}: keep one"
