"""Every gate's thresholds are figures of the policy: what each is called, its unit, and which way is worse."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from typing import Any, Literal

from village_credit.policy.model import PolicyInForce

Side = Literal["warn", "fail"]
Verdict = Literal["pass", "warn", "fail"]
BARE_UNITS = ("share", "ratio", "index", "change", "flag")  # a number of these says enough by itself


@dataclass(frozen=True)
class GateFigures:
    """The figures of the policy that one gate asks for; none: it has no such threshold.

    `may_only_warn`: the policy may leave the failing figure out. `is_low_worse`: the run's figure is the worse the
    smaller it is.
    """

    gate: str
    unit: str
    warn: str | None
    fail: str | None
    may_only_warn: bool = False
    is_low_worse: bool = False

    def figures(self) -> dict[Side, str]:
        """Name the figures by the side that they set."""
        named: dict[Side, str | None] = {"warn": self.warn, "fail": self.fail}
        return {side: name for side, name in named.items() if name is not None}

    def is_worse(self, one: Decimal | float, other: Decimal | float) -> bool:
        """Say whether one figure is worse than another."""
        return one < other if self.is_low_worse else one > other


def _declared() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files("village_credit.policy").joinpath("gates.toml").read_text(encoding="utf-8"))


def _figures(gate: str, said: dict[str, Any]) -> GateFigures:
    warn, fail = (said.get(side, f"gate_{gate}_{side}") or None for side in ("warn", "fail"))
    flags = (said.get(name, False) for name in ("may_only_warn", "is_low_worse"))
    return GateFigures(gate, said["unit"], warn, fail, *flags)


@dataclass(frozen=True)
class GateTexts:
    """What people are told of a gate: what it asks for, what to do, and the sentence of the run's page."""

    asks: str
    what_to_do: str
    sentence_zh: str


DECLARED = _declared()
# One line too many or one household without a decision is our own fault: no committee can allow it.
EXACT = tuple(gate for gate, said in DECLARED.items() if said.get("exact"))
GATES = {gate: _figures(gate, said) for gate, said in DECLARED.items() if gate not in EXACT}
GATE_TEXTS = {gate: GateTexts(said["asks"], said["what_to_do"], said["sentence_zh"]) for gate, said in DECLARED.items()}
REQUIRED_FIGURES = tuple(
    name
    for asked in GATES.values()
    for side, name in asked.figures().items()
    if side == "warn" or not asked.may_only_warn
)
OPTIONAL_FIGURES = tuple(
    name for asked in GATES.values() for name in asked.figures().values() if name not in REQUIRED_FIGURES
)
GATE_OF = {name: asked for asked in GATES.values() for name in asked.figures().values()}


@dataclass(frozen=True)
class Thresholds:
    """A gate's thresholds as one county has them on one day; none: not asked on that side."""

    asked: GateFigures
    warn: Decimal | None
    fail: Decimal | None

    def verdict(self, value: float | None) -> Verdict:
        """Judge a run's figure: at a threshold it still holds; a missing figure fails."""
        if value is None or self._is_beyond(value, self.fail):
            return "fail"
        return "warn" if self._is_beyond(value, self.warn) else "pass"

    def _is_beyond(self, value: float, threshold: Decimal | None) -> bool:
        return threshold is not None and self.asked.is_worse(value, float(threshold))

    @property
    def text(self) -> str:
        """Say what is asked, in the policy's unit."""
        way = "below" if self.asked.is_low_worse else "above"
        sides = {"warn": self.warn, "fail": self.fail}
        told = ", ".join(f"{side} {way} {float(at):g}" for side, at in sides.items() if at is not None)
        return told if self.asked.unit in BARE_UNITS else f"{told} {self.asked.unit}"


def thresholds(policy: PolicyInForce, gate: str) -> Thresholds:
    """Read a gate's thresholds; raises PolicyRefused where one that it needs is not in force."""
    asked = GATES[gate]
    found = {side: _value(policy, name) for side, name in asked.figures().items()}
    return Thresholds(asked, found.get("warn"), found.get("fail"))


def _value(policy: PolicyInForce, name: str) -> Decimal | None:
    if name in REQUIRED_FIGURES:
        return policy.figure(name)
    found = policy.policy.find(name, policy.as_of, county=policy.county_code)
    return None if found is None else found.value
