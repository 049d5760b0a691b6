"""Every gate's thresholds are figures of the policy: what each is called, its unit, and which way is worse."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from village_credit.policy.model import PolicyInForce

Side = Literal["warn", "fail"]
Verdict = Literal["pass", "warn", "fail"]
# One line too many or one household without a decision is our own fault: no committee can allow it.
EXACT = ("line_balance", "household_balance")
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


def _gate(gate: str, unit: str, *, may_only_warn: bool = False, is_low_worse: bool = False) -> GateFigures:
    return GateFigures(gate, unit, f"gate_{gate}_warn", f"gate_{gate}_fail", may_only_warn, is_low_worse)


GATES: dict[str, GateFigures] = {
    asked.gate: asked
    for asked in (
        _gate("quarantined_share", "share"),
        _gate("unlinked_share", "share"),
        _gate("link_gap_of_names", "share"),
        _gate("link_gap_of_villages", "share"),
        _gate("null_linkage", "ratio"),
        _gate("id_area_codes", "share"),
        _gate("unlicensed_link_passes", "share"),
        GateFigures("related_party_list", "days", None, "related_list_max_age_days"),
        GateFigures("branch_for_every_township", "townships", None, "gate_branch_for_every_township_fail"),
        _gate("rejected_extracts", "extracts", may_only_warn=True),
        _gate("deliveries", "tables", may_only_warn=True),
        _gate("extract_checks", "checks", may_only_warn=True),
        _gate("legal_basis", "share"),
        _gate("manual_review_share", "share"),
        _gate("score_drift", "index"),
        _gate("feature_drift", "index", may_only_warn=True),
        _gate("missing_drift", "share", may_only_warn=True),
        _gate("approval_ratio_of_groups", "share", may_only_warn=True, is_low_worse=True),
        _gate("approval_ratio_of_names", "share", may_only_warn=True, is_low_worse=True),
        _gate("approval_share_change", "change"),
        _gate("total_change", "change"),
        _gate("budget", "households", may_only_warn=True),
        _gate("model_evidence", "flag", may_only_warn=True),
        _gate("model_valid", "days", is_low_worse=True),
    )
}
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
