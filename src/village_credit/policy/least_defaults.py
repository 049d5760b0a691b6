"""How many defaults a history must have before a scorecard is fitted on it: a figure that a policy may leave out."""

from __future__ import annotations

from collections.abc import Iterator

from village_credit.policy.model import Figure, Policy, PolicyInForce
from village_credit.policy.optional import optional_faults

LEAST_DEFAULTS = "least_training_defaults"
UNITS = {LEAST_DEFAULTS: "defaults"}
OPTIONAL_FIGURES = tuple(UNITS)


def least_defaults(policy: PolicyInForce) -> int:
    """Return the least number of defaults that teaches; 1 where the policy names none: both kinds must be there."""
    found = policy.policy.find(LEAST_DEFAULTS, policy.as_of, county=policy.county_code)
    return 1 if found is None else int(found.value)


def figure_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name the place and the fault of the figure; it may differ by county only."""
    return optional_faults(policy, UNITS, _value_fault)


def _value_fault(figure: Figure) -> str | None:
    return None if figure.value >= 1 and not figure.value % 1 else f"{figure.value} is no whole number of defaults"
