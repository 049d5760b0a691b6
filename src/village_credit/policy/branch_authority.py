"""What the policy lets a branch change, and by which day a referral must be answered.

Figures that a policy may leave out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from village_credit.policy.growers import highest_cap
from village_credit.policy.model import Figure, Policy, PolicyInForce
from village_credit.policy.optional import optional_faults
from village_credit.policy.sections import ProductName

DOWN, UP = "branch_authority_down", "branch_authority_up"
DECISION_DAYS, DRAW_DAYS = "referral_decision_days", "referral_draw_days"
UNITS = {DOWN: "share", UP: "share", DECISION_DAYS: "working days", DRAW_DAYS: "working days"}
OPTIONAL_FIGURES = tuple(UNITS)


@dataclass(frozen=True)
class Authority:
    """How far a branch may go from a published limit.

    Shares of it down and up, and what bounds every limit, whole yuan.

    A figure that the policy leaves out is no authority at all.
    """

    down: Fraction
    up: Fraction
    step: int
    smallest_ticket: int
    product_cap: int

    def fault(self, asked: Decimal, published: int, policy_limit: int) -> str | None:
        """Name the reason why a branch may not set a limit.

        None where it may. 0 is a refusal: all of it is taken away.
        """
        if asked % self.step or 0 < asked < self.smallest_ticket:
            return "OFF_STEP"
        lowest, highest = published * (1 - self.down), published * (1 + self.up)
        if not lowest <= Fraction(asked) <= highest:
            return "BEYOND_AUTHORITY"
        is_raised = asked > published
        return "BEYOND_AUTHORITY" if is_raised and asked > min(policy_limit, self.product_cap) else None


def authority(policy: PolicyInForce, product: ProductName) -> Authority:
    """Read a branch's authority over one product's limits.

    Raises PolicyRefused where a bound of all limits is missing.
    """
    return Authority(
        Fraction(_optional(policy, DOWN, product) or 0),
        Fraction(_optional(policy, UP, product) or 0),
        int(policy.figure("step")),
        int(policy.figure("smallest_ticket")),
        highest_cap(policy, product),  # the policy limit has held the household to its own tier
    )


def referral_days(policy: PolicyInForce) -> tuple[int | None, int | None]:
    """Return the working days from a referral to its decision and to the first draw.

    None where the policy names none.
    """
    decision, draw = _optional(policy, DECISION_DAYS), _optional(policy, DRAW_DAYS)
    return None if decision is None else int(decision), None if draw is None else int(draw)


def _optional(policy: PolicyInForce, name: str, product: ProductName | None = None) -> Decimal | None:
    found = policy.policy.find(name, policy.as_of, county=policy.county_code, product=product)
    return None if found is None else found.value


def figure_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name the place and the fault of each of these figures; shares may differ by product too."""
    return optional_faults(
        policy, UNITS, _value_fault, lambda unit: ("county", "product") if unit == "share" else ("county",)
    )


def _value_fault(figure: Figure) -> str | None:
    is_part = UNITS[figure.name] == "working days" and figure.value % 1
    return f"{figure.value} is not whole days" if is_part else None
