"""From which declared area a household is a large grower, and the farmers' line's own caps for growers.

Figures that a policy may leave out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from village_credit.policy.model import Figure, Policy, PolicyInForce
from village_credit.policy.optional import optional_faults
from village_credit.policy.sections import ProductName

LARGE_GROWER = "large_grower_mu"
TIER_CAPS = {"large_grower": "cap_large_grower", "family_farm": "cap_family_farm", "cooperative": "cap_cooperative"}
UNITS = {LARGE_GROWER: "mu", **dict.fromkeys(TIER_CAPS.values(), "yuan")}
OPTIONAL_FIGURES = tuple(UNITS)
TEN_THOUSANDTHS = 10_000


def optional_figures(policy: PolicyInForce) -> dict[str, int | None]:
    """Return each figure in whole units: mu in ten-thousandths (down), caps in yuan.

    None where the policy names none.
    """
    found = {name: policy.policy.find(name, policy.as_of, county=policy.county_code) for name in UNITS}
    return {
        name: None if figure is None else int(figure.value * (TEN_THOUSANDTHS if name == LARGE_GROWER else 1))
        for name, figure in found.items()
    }


def highest_cap(policy: PolicyInForce, product: ProductName) -> int:
    """Return the cap above which no household's limit of a product lies, whatever its tags, whole yuan."""
    usual = int(policy.figure("product_cap", product=product))
    if product != "farmer_line":
        return usual
    found = optional_figures(policy)
    return max([usual, *(cap for name in TIER_CAPS.values() if (cap := found[name]) is not None)])


def figure_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name the place and the fault of each of these figures; they may differ by county only."""
    return optional_faults(policy, UNITS, _value_fault)


def _value_fault(figure: Figure) -> str | None:
    is_land = UNITS[figure.name] == "mu"
    if (figure.value * (TEN_THOUSANDTHS if is_land else 1)) % 1:
        return f"{figure.value} has more digits than {'four decimals' if is_land else 'whole yuan'}"
    if figure.name == LARGE_GROWER and figure.value <= 0:
        return "an area of 0 mu would make everybody a large grower"
    return None


def tier_faults(policy: Policy, day: date, county: str | None) -> Iterator[tuple[str, str]]:
    """Name the caps that would take room from growers, or that hold for nobody, on a day."""
    usual = policy.figure("product_cap", day, county=county, product="farmer_line")
    for name in TIER_CAPS.values():
        cap = policy.find(name, day, county=county)
        if cap is not None and cap.value < usual:
            yield f"figures.{name}", f"on {day} the cap of {cap.value} is below the product's {usual}"
    threshold = policy.find(LARGE_GROWER, day, county=county)
    if threshold is None and policy.find(TIER_CAPS["large_grower"], day, county=county) is not None:
        yield f"figures.{TIER_CAPS['large_grower']}", f"on {day} no {LARGE_GROWER} says who is a large grower"
