"""What a policy says that loans cost beside their interest: what is unsound of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from village_credit.policy.model import Policy
from village_credit.policy.sections import Charge


def charge_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name place and fault of each charge that is said twice for the same whom and day, or is of an unknown county."""
    times = Counter(map(_whom, policy.charges))
    for number, one in enumerate(policy.charges):
        if times[_whom(one)] > 1:
            yield f"charges.{number}", f"{one.charge} is said {times[_whom(one)]} times from {one.from_}: keep one"
        if one.county and one.county not in policy.service_area:
            yield f"charges.{number}", f"county {one.county} is not in the service area"


def _whom(one: Charge) -> tuple[object, ...]:
    return one.charge, one.county, one.product, one.from_
