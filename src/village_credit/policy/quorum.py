"""How many of a committee must sit, and how many of them agree.

Figures that a policy may leave out, and a meeting's votes against them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from village_credit.errors import PolicyRefused
from village_credit.policy.model import Figure, Policy, PolicyInForce
from village_credit.policy.optional import optional_faults


def quorum_of(manifest: dict[str, Any]) -> Quorum | None:
    """Return the quorum that a run was scored under; None: one signer is enough."""
    kept = manifest.get("quorum")
    return Quorum(kept["members"], Decimal(kept["share_for"])) if kept else None


def quorum_kept(quorum: Quorum | None) -> dict[str, Any] | None:
    """Return a quorum as a run's manifest keeps it."""
    return {"members": quorum.members, "share_for": str(quorum.share_for)} if quorum else None


MEMBERS, SHARE_FOR = "quorum_members", "quorum_share_for"
UNITS = {MEMBERS: "members", SHARE_FOR: "share"}
OPTIONAL_FIGURES = tuple(UNITS)


@dataclass(frozen=True)
class Quorum:
    """The least members present, and the least share of them that votes for."""

    members: int
    share_for: Decimal

    def fault(self, present: int, votes_for: int) -> str | None:
        """Say what a meeting lacks; None where it may decide. At the figure it still may."""
        if present < self.members:
            return f"{present} members sat who may vote, the policy asks for {self.members}"
        if Fraction(votes_for) < Fraction(self.share_for) * present:
            return f"{votes_for} of {present} voted for, the policy asks for a share of {self.share_for}"
        return None


def quorum(policy: PolicyInForce) -> Quorum | None:
    """Read the quorum of a county and day.

    None: one signer is enough. Raises PolicyRefused where half of it is in force.
    """
    members, share_for = (
        policy.policy.find(name, policy.as_of, county=policy.county_code) for name in OPTIONAL_FIGURES
    )
    if members is None and share_for is None:
        return None
    if members is None or share_for is None:
        raise PolicyRefused(
            f"policy {policy.policy.policy_id}: {MEMBERS} and {SHARE_FOR} go together, one alone is in force "
            f"on {policy.as_of}"
        )
    return Quorum(int(members.value), share_for.value)


def figure_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name the place and the fault of a quorum's figure; it may differ by county only."""
    return optional_faults(policy, UNITS, _value_fault)


def _value_fault(figure: Figure) -> str | None:
    is_none = figure.name == MEMBERS and (figure.value % 1 or figure.value < 1)
    return f"{figure.value} is no number of members" if is_none else None


def half_faults(policy: Policy, day: date, county: str | None) -> Iterator[tuple[str, str]]:
    """Name the place of the figure that is in force on a day without its other half."""
    found = {name: policy.find(name, day, county=county) for name in OPTIONAL_FIGURES}
    if (found[MEMBERS] is None) != (found[SHARE_FOR] is None):
        name = next(name for name, figure in found.items() if figure is not None)
        yield f"figures.{name}", f"{MEMBERS} and {SHARE_FOR} go together, one alone is in force on {day}"
