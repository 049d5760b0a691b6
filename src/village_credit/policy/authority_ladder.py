"""Above which limit somebody of which role signs a household by itself.

The steps in force for a county, a product and a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise

from village_credit.policy.model import Policy, PolicyInForce
from village_credit.policy.sections import LadderStep

SECTION = "authority_ladder"
AGREE, REFUSE = "agree", "refuse"  # what may be said of a household that needs a signature


def steps(policy: PolicyInForce, product: str) -> list[LadderStep]:
    """Return the ladder of a product, the lowest step first; none: nobody signs a household by itself.

    Steps of one county, product and `from` are one ladder, and hold together: the most keys win, a county's before a
    product's, then the latest `from` not after the day. A ladder is never filled up from another.
    """
    held = [
        step
        for step in policy.policy.authority_ladder
        if step.from_ <= policy.as_of and step.county in (None, policy.county_code) and step.product in (None, product)
    ]
    best = max((_rank(step) for step in held), default=None)
    return sorted((step for step in held if _rank(step) == best), key=lambda step: step.above_yuan)


def _rank(step: LadderStep) -> tuple[object, ...]:
    has_county, has_product = step.county is not None, step.product is not None
    return has_county + has_product, has_county, step.from_


def step_of(ladder: list[LadderStep], limit_yuan: int) -> int | None:
    """Return the place of the highest step that a limit is above; None: of none. A limit at a step is not above it."""
    return max((n for n, step in enumerate(ladder) if limit_yuan > step.above_yuan), default=None)


def ladder_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name place and fault of each step out of order or said twice, role said twice, or unknown county."""
    numbered = list(enumerate(policy.authority_ladder))
    for number, step in numbered:
        if step.county and step.county not in policy.service_area:
            yield f"{SECTION}.{number}", f"county {step.county} is not in the service area"
    whom = {number: (step.county or "", step.product or "", step.from_) for number, step in numbered}
    by_ladder = groupby(sorted(numbered, key=lambda item: whom[item[0]]), key=lambda item: whom[item[0]])
    for _, ladder in by_ladder:
        yield from _order_faults(list(ladder))


def _order_faults(ladder: list[tuple[int, LadderStep]]) -> Iterator[tuple[str, str]]:
    """Within one ladder each step is above the one before it, and each role has one step."""
    for (_, before), (number, step) in pairwise(ladder):
        if step.above_yuan <= before.above_yuan:
            yield (
                f"{SECTION}.{number}",
                (
                    f"{step.above_yuan} yuan does not stand above the step before it, {before.above_yuan}: steps "
                    f"overlap or are out of order"
                ),
            )
    first: dict[str, int] = {}
    for number, step in ladder:
        if first.setdefault(step.role, number) != number:
            yield f"{SECTION}.{number}", f"the role {step.role} has a step already ({first[step.role]})"
