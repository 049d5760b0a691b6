"""Every figure of a policy in its unit, and between which values it is plausible; a crop's norms too."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources

from village_credit.errors import PolicyRefused
from village_credit.policy.gate_thresholds import GATE_OF
from village_credit.policy.model import CropNorm, Figure, Policy, load_policy

# A gate's threshold by its unit; a count has no more than a county has households.
OF_GATES = {"share": 1, "ratio": 100, "index": 10, "change": 10, "flag": 1, "days": 3660}
MOST_COUNTED = 10_000_000
# What an acre of any crop bore, sold for and cost, whatever the year: beyond, a unit was mistaken (tons, 公斤 for 斤).
OF_NORMS = {
    "yield_kg_per_mu": (Decimal(1), Decimal(30_000)),
    "price_yuan_per_kg": (Decimal("0.05"), Decimal(2_000)),
    "cost_yuan_per_mu": (Decimal(0), Decimal(100_000)),
}


@dataclass(frozen=True)
class Plausible:
    """A figure's unit and bounds, both included; `or_zero`: 0 switches it off."""

    unit: str
    least: Decimal
    most: Decimal
    or_zero: bool = False

    def holds(self, value: Decimal) -> bool:
        """Say whether a value may be meant."""
        return self.least <= value <= self.most or (self.or_zero and value == 0)

    @property
    def text(self) -> str:
        """Write the bounds, without the unit."""
        return f"{'0, or ' if self.or_zero else ''}{self.least:,} to {self.most:,}"


def _declared() -> dict[str, Plausible]:
    text = resources.files("village_credit.policy").joinpath("figures.toml").read_text(encoding="utf-8")
    own = {name: Plausible(**said) for name, said in tomllib.loads(text, parse_float=Decimal).items()}
    gates = {
        name: Plausible(asked.unit, Decimal(0), Decimal(OF_GATES.get(asked.unit, MOST_COUNTED)))
        for name, asked in GATE_OF.items()
    }
    return gates | own


FIGURES = _declared()


def unit_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name place and fault of every figure in another unit than its own."""
    for figure in policy.figures:
        known = FIGURES.get(figure.name)
        if known is not None and figure.unit != known.unit:
            yield place_of(figure), f"the unit {figure.unit} should be {known.unit}"


def policy_in_its_units(text: str) -> Policy:
    """Read a policy to decide by; raises PolicyRefused where a figure is in another unit: 30 万元 is not 30 yuan."""
    policy = load_policy(text)
    if faults := [f"{place}: {fault}" for place, fault in unit_faults(policy)]:
        raise PolicyRefused(f"policy {policy.policy_id}: {'; '.join(dict.fromkeys(faults))}")
    return policy


def range_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name place and fault of every figure, and every crop's norm, that nobody can have meant."""
    for figure in policy.figures:
        known = FIGURES.get(figure.name)
        is_below_nought = figure.value < 0 and known is not None and known.least >= 0  # `check` says that itself
        if known is None or known.unit != figure.unit or is_below_nought:
            continue
        if not known.holds(figure.value):
            yield place_of(figure), _sentence(figure.value, known.unit, known.text)
    for norm in policy.crop_norms:
        yield from _norm_faults(norm)


def _norm_faults(norm: CropNorm) -> Iterator[tuple[str, str]]:
    for name, (least, most) in OF_NORMS.items():
        value: Decimal = getattr(norm, name)
        if not least <= value <= most:
            unit = name.partition("_")[2].replace("_per_", " a ").replace("_", " ")
            yield f"crop_norms.{norm.crop}.{norm.year}.{name}", _sentence(value, unit, f"{least:,} to {most:,}")


def _sentence(value: Decimal, unit: str, bounds: str) -> str:
    return f"{value} {unit} is not plausible ({bounds}): look at the number and its unit again"


def place_of(figure: Figure) -> str:
    """Name a figure's place by its name, which is how everybody finds it."""
    return f"figures.{figure.name}"
