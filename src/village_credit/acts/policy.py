"""Ask a policy file whether it is sound, which gates it loosens against another, or what holds on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from village_credit.acts.sign import failed_gates
from village_credit.decide.check import PolicyFault, check_policy
from village_credit.decide.loosened import Loosened, loosened
from village_credit.decide.policy import KEYS, load_policy
from village_credit.errors import MissingInput
from village_credit.publish.store import Store


def read_policy(path: Path) -> str:
    """Read a policy file."""
    if not path.is_file():
        raise MissingInput(f"policy file {path.name} is missing")
    return path.read_text(encoding="utf-8")


def check(path: Path, day: date) -> list[PolicyFault]:
    """Give every fault of a policy file."""
    return check_policy(read_policy(path), day)


def loosened_gates(path: Path, old: Path, day: date, county: str | None = None) -> list[Loosened]:
    """Give the gates' thresholds that a policy file loosens against an older one; both must be readable."""
    return loosened(load_policy(read_policy(path)), load_policy(read_policy(old)), day, county)


def needed_by_run(store: Store, run_id: str, path: Path, old: Path) -> list[PolicyFault]:
    """Give a fault for every threshold loosened, for a run's county, of a gate that failed in that very run.

    A run that a gate refuses is mended or overridden by name; a committee loosens a gate in a change that nothing
    waits for.
    """
    manifest = store.manifest(run_id)
    county, failed = manifest["county_code"], failed_gates(store, run_id)
    found = loosened_gates(path, old, date.fromisoformat(manifest["as_of"]), county)
    return [
        PolicyFault(
            f"figures.{item.figure}",
            f"{item.sentence}, and it failed in run {run_id}: override it there by name, or loosen it in another change",
        )
        for item in found
        if item.county == county and item.gate in failed
    ]


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
