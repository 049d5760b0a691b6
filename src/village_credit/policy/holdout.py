"""The random hold-out: what a household that only the score declines may be lent, drawn by lot, to learn from.

A figure that a policy may leave out: then nobody is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

from village_credit.policy.model import Figure, Policy, PolicyInForce
from village_credit.policy.optional import optional_faults

HOLDOUT_CAP = "holdout_cap"
UNITS = {HOLDOUT_CAP: "yuan"}
OPTIONAL_FIGURES = tuple(UNITS)


def holdout_cap(policy: PolicyInForce) -> int:
    """Return the most that a drawn household is granted, whole yuan; 0 where the policy has no hold-out."""
    found = policy.policy.find(HOLDOUT_CAP, policy.as_of, county=policy.county_code)
    return 0 if found is None else int(found.value)


def figure_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name the place and the fault of the figure; it may differ by county only."""
    return optional_faults(policy, UNITS, _value_fault)


def _value_fault(figure: Figure) -> str | None:
    return None if figure.value >= 0 and not figure.value % 1 else f"{figure.value} is no whole number of yuan"
