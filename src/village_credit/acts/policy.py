"""Ask a policy file whether it is sound, or what holds on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from village_credit.decide.check import PolicyFault, check_policy
from village_credit.decide.policy import KEYS, load_policy
from village_credit.errors import MissingInput


def read_policy(path: Path) -> str:
    """Read a policy file."""
    if not path.is_file():
        raise MissingInput(f"policy file {path.name} is missing")
    return path.read_text(encoding="utf-8")


def check(path: Path, day: date) -> list[PolicyFault]:
    """Give every fault of a policy file."""
    return check_policy(read_policy(path), day)


def show(path: Path, day: date, county: str | None, product: str | None) -> list[dict[str, Any]]:
    """Give the figures that hold on a day, for a county and product where named."""
    policy = load_policy(read_policy(path))
    wanted = [
        f
        for f in policy.figures
        if f.from_ <= day and f.county in (None, county) and (product is None or f.product in (None, product))
    ]
    latest = {(f.name, *(getattr(f, key) for key in KEYS)): f for f in sorted(wanted, key=lambda f: f.from_)}
    return [
        {
            "name": f.name, "value": str(f.value), "unit": f.unit, "for": " ".join(str(getattr(f, key)) for key in KEYS if getattr(f, key)) or "all",
            "from": f.from_.isoformat(), "reference": f.reference, "verified": f.verified,
        }
        for f in latest.values()
    ]  # fmt: skip
