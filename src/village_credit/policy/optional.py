"""Figures that a policy may leave out: each in its unit; and no figure by another key than it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from village_credit.policy.model import Figure, Policy

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
