"""Ask a policy file whether it is sound, which gates it loosens against another, or what holds on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from village_credit.errors import MissingInput, PolicyRefused, UsageError
from village_credit.policy.authority_ladder import SECTION, steps
from village_credit.policy.check import PolicyFault, check_policy
from village_credit.policy.model import Figure, load_policy
from village_credit.policy.sections import PRODUCTS, LadderStep
from village_credit.policy.weakened import Weakened, weakened
from village_credit.store.runs import failed_gates
from village_credit.store.store import Store


def read_policy(path: Path) -> str:
    """Read a policy file; raises MissingInput where there is none, PolicyRefused where it is not UTF-8."""
    if not path.is_file():
        raise MissingInput(f"policy file {path.name} is missing")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PolicyRefused(
            f"policy file {path.name} is not UTF-8 (byte {error.start + 1:,}): save it as UTF-8 and try again"
        ) from None


def check(path: Path, day: date) -> list[PolicyFault]:
    """Return every fault of a policy file."""
    return check_policy(read_policy(path), day)


def loosened_gates(path: Path, old: Path, day: date, county: str | None = None) -> list[Weakened]:
    """Return the gates' thresholds that a policy file loosens against an older one; both must be readable."""
    return weakened(load_policy(read_policy(path)), load_policy(read_policy(old)), day, county)


def needed_by_run(store: Store, run_id: str, path: Path, old: Path) -> list[PolicyFault]:
    """Return a fault for every threshold loosened, for a run's county, of a gate that failed in that very run.

    A run that a gate refuses is mended or overridden by name; a committee loosens a gate in a change that nothing
    waits for.
    """
    manifest = store.manifest(run_id)
    county, failed = manifest["county_code"], failed_gates(store, run_id)
    found = loosened_gates(path, old, date.fromisoformat(manifest["as_of"]), county)
    return [
        PolicyFault(
            f"figures.{item.figure}",
            (
                f"{item.sentence}, and it failed in run {run_id}: override it there by name, or loosen it in "
                f"another change"
            ),
        )
        for item in found
        if item.county == county and item.gate in failed
    ]


def show(path: Path, day: date, county: str | None, product: str | None) -> list[dict[str, Any]]:
    """Return what holds on a day, for a county and product where named.

    Of figures that differ by key the one that wins.

    One row for each product, band and crop that the policy tells apart, then the steps of the authority ladder.
    Raises UsageError for a county outside the service area or a product that there is none of.
    """
    policy = load_policy(read_policy(path))
    if county is not None and county not in policy.service_area:
        raise UsageError(f"county {county} is not in the policy's service area: {', '.join(policy.service_area)}")
    if product is not None and product not in PRODUCTS:
        raise UsageError(f"there is no product {product}: {', '.join(PRODUCTS)}")
    asked = (
        (f.name, product or f.product, f.band, f.crop)
        for f in policy.figures
        if f.product in (None, product) or product is None
    )
    found = (
        policy.find(name, day, county=county, product=of_product, band=band, crop=crop)
        for name, of_product, band, crop in asked
    )
    figures = [_figure_row(figure) for figure in dict.fromkeys(found) if figure is not None]
    held = policy.in_force(day, county or "*")
    ladders = (step for name in PRODUCTS if product in (None, name) for step in steps(held, name))
    return figures + [_step_row(step) for step in dict.fromkeys(ladders)]


def _figure_row(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "value": str(figure.value),
        "unit": figure.unit,
        "for": " ".join(filter(None, figure.keys())) or "all",
        "from": figure.from_.isoformat(),
        "reference": figure.reference,
        "verified": figure.verified,
    }


def _step_row(step: LadderStep) -> dict[str, Any]:
    return {
        "name": SECTION,
        "value": str(step.above_yuan),
        "unit": "yuan",
        "for": " ".join(filter(None, (step.county, step.product, step.role))),
        "from": step.from_.isoformat(),
        "reference": step.reference,
        "verified": step.verified,
    }
