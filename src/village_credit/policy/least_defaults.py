"""How many defaults a history must have before a scorecard is fitted on it: a figure that a policy may leave out."""

from __future__ import annotations

from collections.abc import Iterator

from village_credit.policy.model import Policy, PolicyInForce
from village_credit.policy.optional import optional_faults, whole_fault, whole_of_county

LEAST_DEFAULTS = "least_training_defaults"
UNITS = {LEAST_DEFAULTS: "defaults"}
OPTIONAL_FIGURES = tuple(UNITS)


def least_defaults(policy: PolicyInForce) -> int:
    """Return the least number of defaults that teaches; 1 where the policy names none: both kinds must be there."""
    return whole_of_county(policy, LEAST_DEFAULTS) or 1


def figure_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name the place and the fault of the figure; it may differ by county only."""
    return optional_faults(policy, UNITS, lambda figure: whole_fault(figure, 1, UNITS[figure.name]))
