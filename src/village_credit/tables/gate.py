"""One gate: a question that a run is asked, its figure, and what the policy says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa

from village_credit.policy.gate_thresholds import thresholds
from village_credit.policy.model import PolicyInForce

SCHEMA = pa.schema(
    [
        ("gate", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.string()),
        ("verdict", pa.string()),
        ("explanation", pa.string()),
    ]
)


@dataclass(frozen=True)
class Gate:
    """One question and its answer."""

    gate: str
    value: float | None
    threshold: str
    verdict: str
    explanation: str


def gate_of(policy: PolicyInForce, gate: str, value: float | None, explanation: str, *, too_little: str = "") -> Gate:
    """Judge a figure by the policy. A missing one fails, unless `too_little` says why there is nothing to judge."""
    asked = thresholds(policy, gate)
    if value is None and too_little:
        return Gate(gate, None, asked.text, "pass", f"not judged, {too_little}: {explanation}")
    return Gate(gate, value, asked.text, asked.verdict(value), explanation)


def also_fails(gate: Gate, where: str, *, is_so: bool) -> Gate:
    """Let a gate fail for what no number of the policy can allow."""
    text = f"{gate.threshold}, fail where {where}"
    return replace(gate, threshold=text, verdict="fail" if is_so else gate.verdict)
