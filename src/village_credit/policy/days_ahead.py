"""How many days ahead of today a run may be as of: none, unless the policy's gate says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from village_credit.errors import UsageError
from village_credit.policy.model import Figure, Policy
from village_credit.policy.optional import optional_faults

GATE = "gate_days_ahead_fail"
UNITS = {GATE: "days"}
OPTIONAL_FIGURES = tuple(UNITS)
MOST = 366


def require_day_come(policy: Policy, as_of: date, county_code: str, today: date) -> None:
    """Raise UsageError where a day is further ahead of today (in China) than the policy's gate allows.

    Nobody knows what offices will have delivered by a day to come, nor who will be listed or overdue on it.
    """
    found = policy.find(GATE, today, county=county_code)
    allowed = 0 if found is None else int(found.value)
    if as_of > today + timedelta(days=allowed):
        said = f"the policy allows {allowed} days ahead ({GATE})" if allowed else f"no {GATE} of the policy allows it"
        raise UsageError(
            f"--as-of {as_of} is a day to come: today is {today} in China, and {said}; score as of today or earlier"
        )


def figure_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name the place and the fault of the figure; it may differ by county only."""
    return optional_faults(policy, UNITS, _value_fault)


def _value_fault(figure: Figure) -> str | None:
    return None if 0 <= figure.value <= MOST and not figure.value % 1 else f"{figure.value} is not 0 to {MOST} days"
