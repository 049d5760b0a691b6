"""The random hold-out: what a household that only the score declines may be lent, drawn by lot, to learn from.

A figure that a policy may leave out: then nobody is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

from village_credit.policy.model import Policy, PolicyInForce
from village_credit.policy.optional import optional_faults, whole_fault, whole_of_county

HOLDOUT_CAP = "holdout_cap"
UNITS = {HOLDOUT_CAP: "yuan"}
OPTIONAL_FIGURES = tuple(UNITS)


def holdout_cap(policy: PolicyInForce) -> int:
    """Return the most that a drawn household is granted, whole yuan; 0 where the policy has no hold-out."""
    return whole_of_county(policy, HOLDOUT_CAP) or 0


def figure_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name the place and the fault of the figure; it may differ by county only."""
    return optional_faults(policy, UNITS, lambda figure: whole_fault(figure, 0, UNITS[figure.name]))
