"""A policy is asked whether it is sound before anyone signs it: every fault with its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from data_contracts.prohibited import prohibited_word
from village_credit.decide.policy import BANDS, PRODUCTS, TERM_LIMIT, Policy, load_policy
from village_credit.errors import PolicyRefused

REQUIRED: dict[str, tuple[str, ...]] = {
    "area_tolerance": (), "norm_years": (), "single_year_share": (), "stress": (), "service_share": (), "living_cost": (), "existing_rate": (),
    "self_liquidating_share": (), "asset_share": (), "operating_share": (), "depreciation": (), "sheep_value": (), "cattle_value": (),
    "sheep_need": (), "cattle_need": (), "declared_asset_share": (), "working_margin": (), "household_cap": (), "rise": (), "step": (),
    "smallest_ticket": (), "loss_given_default": (), "related_list_max_age_days": (), "recognised_livestock": (), "recognised_wages": (),
    "recognised_trade": (), "recognised_transfers": (), "product_cap": ("product",), "age_cap": ("product",), "reference_rate": ("product",),
    "reference_rate_one_year": ("product",), "base": ("band",), "margin_bp": ("product",), "spread_bp": ("product", "band"), "term": ("product", "band"),
}  # fmt: skip


@dataclass(frozen=True)
class PolicyFault:
    """What is wrong, and where."""

    place: str
    sentence: str


def check_policy(text: str, as_of: date, counties: tuple[str, ...] = ()) -> list[PolicyFault]:
    """Give every fault of a policy as of a day; none means sound."""
    try:
        policy = load_policy(text)
    except PolicyRefused as refusal:
        return [PolicyFault("file", str(refusal))]
    faults = [*_missing(policy, as_of), *_shares(policy), *_prohibited(policy), *_counties(policy, counties)]
    return faults or [*_terms(policy, as_of), *_orders(policy, as_of), *_edges(policy, as_of)]


def _missing(policy: Policy, as_of: date) -> list[PolicyFault]:
    faults = []
    for name, keys in REQUIRED.items():
        products = PRODUCTS if "product" in keys else (None,)
        bands = BANDS if "band" in keys else (None,)
        for product in products:
            for band in bands:
                try:
                    policy.figure(name, as_of, product=product, band=band)
                except PolicyRefused as refusal:
                    faults.append(PolicyFault(f"figures.{name}", str(refusal)))
    return faults


def _shares(policy: Policy) -> list[PolicyFault]:
    return [
        PolicyFault(f"figures.{figure.name}", f"a share of {figure.value} is outside 0 to 1")
        for figure in policy.figures
        if figure.unit == "share" and not Decimal(0) <= figure.value <= 1
    ]


def _prohibited(policy: Policy) -> list[PolicyFault]:
    """Keys, names and values are asked; comments may say what they must."""
    word = prohibited_word(policy.model_dump_json())
    return [PolicyFault("file", f"a prohibited attribute ({word}) can be no key of a policy")] if word else []


def _counties(policy: Policy, known: tuple[str, ...]) -> list[PolicyFault]:
    used = {figure.county for figure in policy.figures if figure.county} | {
        norm.county for norm in policy.crop_norms
    } - {"*"}
    allowed = set(known) or set(policy.service_area)
    return [
        PolicyFault("figures", f"county {county} is not in the service area")
        for county in sorted(used - allowed)
    ]


def _terms(policy: Policy, as_of: date) -> list[PolicyFault]:
    return [
        PolicyFault(
            f"figures.term.{product}.{band}",
            f"a term of {value} months is over {TERM_LIMIT} or not whole years",
        )
        for product in PRODUCTS
        for band in BANDS
        if (value := policy.figure("term", as_of, product=product, band=band)) > TERM_LIMIT or value % 12
    ]


def _orders(policy: Policy, as_of: date) -> list[PolicyFault]:
    """A better band never has a lower base, a shorter term or a dearer spread."""
    faults = []
    for name, rising in (("base", False), ("term", False), ("spread_bp", True)):
        for product in PRODUCTS:
            values = [policy.figure(name, as_of, product=product, band=band) for band in BANDS]
            ordered = (
                all(a <= b for a, b in pairwise(values))
                if rising
                else all(a >= b for a, b in pairwise(values))
            )
            if not ordered:
                faults.append(PolicyFault(f"figures.{name}.{product}", "is worse for a better band"))
    return faults


def _edges(policy: Policy, as_of: date) -> list[PolicyFault]:
    edges = [policy.figure("band_edge_ppm", as_of, band=band) for band in BANDS[:-1]]
    rising = all(a < b for a, b in pairwise(edges))
    return (
        []
        if rising
        else [
            PolicyFault("figures.band_edge_ppm", "edges must rise from A to D: bands overlap or leave a gap")
        ]
    )
