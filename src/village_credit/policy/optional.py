"""Figures that a policy may leave out: each in its unit; and no figure by another key than it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from village_credit.policy.model import Figure, Policy, PolicyInForce

KEYS = ("county", "product", "band", "crop")


def keys_fault(figure: Figure, asked: tuple[str, ...]) -> str | None:
    """Say by which keys a figure is told apart that nobody asks it by; None where it has no such key."""
    extra = [key for key in KEYS if getattr(figure, key) and key not in asked]
    if not extra:
        return None
    return f"it may differ by {' and '.join(asked)} only: by {' and '.join(extra)} it would hold for nobody"


def optional_faults(
    policy: Policy,
    units: Mapping[str, str],
    digits: Callable[[Figure], str | None],
    by: Callable[[str], tuple[str, ...]] = lambda _unit: ("county",),
) -> Iterator[tuple[str, str]]:
    """Name place and fault of each figure of `units` (name → unit) in another unit, or kept for whom it is not asked.

    `digits` says what is wrong with a figure's value, if anything; `by` which keys it may have, by its unit.
    """
    for figure in policy.figures:
        unit = units.get(figure.name)
        if unit is None:
            continue
        place = f"figures.{figure.name}"
        if figure.unit != unit:
            yield place, f"the unit {figure.unit} should be {unit}"
        if fault := digits(figure):
            yield place, fault
        if fault := keys_fault(figure, by(unit)):
            yield place, fault


def whole_of_county(policy: PolicyInForce, name: str) -> int | None:
    """Return a whole figure that may differ by county only; None where the policy leaves it out."""
    found = policy.policy.find(name, policy.as_of, county=policy.county_code)
    return None if found is None else int(found.value)


def whole_fault(figure: Figure, least: int, unit: str) -> str | None:
    """Say that a figure is no whole number, or below the least that there can be."""
    return None if figure.value >= least and not figure.value % 1 else f"{figure.value} is no whole number of {unit}"
