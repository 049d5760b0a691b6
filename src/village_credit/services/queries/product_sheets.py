"""Every product of a policy as a sheet to hand out: what a county's households may have of it, and its cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from data_contracts.county_terms import NoticeTerms
from village_credit.errors import MissingInput
from village_credit.policy.compiled import BP, PPM, scaled
from village_credit.policy.growers import TIER_CAPS
from village_credit.policy.model import Figure, PolicyInForce
from village_credit.policy.sections import BANDS, PRODUCTS, BandName, Charge, ProductName
from village_credit.report.letter import Sender
from village_credit.report.notice_template import reviewed_templates
from village_credit.report.product_sheet import Product, product_sheet
from village_credit.services.rules import load_terms, read_policy
from village_credit.store.whole_files import write_workbooks

A_YEAR = 12
LENT = BANDS[:-1]  # the last is declined
OF_A_PRODUCT = ("product_cap", "age_cap", "reference_rate", "reference_rate_one_year")


@dataclass(frozen=True)
class Wanted:
    """For which county and day, in which languages (none: the county's terms), from whose texts."""

    county_code: str
    on: date
    languages: Sequence[str] = ()
    templates: Path | None = None
    unreviewed: bool = False


@dataclass(frozen=True)
class Sheets:
    """What was written where; `drafts`: products of which a figure is verified by nobody yet, and the sheet says so."""

    folder: str
    files: list[str]
    drafts: list[str]


def write_sheets(policy_file: Path, out: Path, counties: Path | None, wanted: Wanted, *, force: bool) -> Sheets:
    """Write a sheet a product into a folder.

    Raises PolicyRefused where the policy is unsound, MissingInput where the county's terms name no bank or a template
    is unsound, GateRefused where nobody reviewed it, UsageError where other files lie there and nothing says `force`.
    """
    terms = _terms(counties, wanted.county_code)
    languages = wanted.languages or terms.languages
    said = [one.said for one in reviewed_templates(languages, wanted.templates, unreviewed=wanted.unreviewed)]
    policy = PolicyInForce(read_policy(policy_file)[0], wanted.on, wanted.county_code)
    names = {str(language): terms.name_in(language) for language in terms.languages}
    sender = Sender(names, terms.bank, "", terms.telephone, None, wanted.on.isoformat())
    products = [product_of(policy, product) for product in PRODUCTS]
    write_workbooks({out / f"{one.name}.html": product_sheet(one, sender, said) for one in products}, force=force)
    drafts = [one.name for one in products if one.is_draft]
    return Sheets(str(out), [f"{one.name}.html" for one in products], drafts)


def _terms(counties: Path | None, county_code: str) -> NoticeTerms:
    terms = load_terms(counties, county_code)[0].notices
    if terms is None:
        raise MissingInput(
            f"terms of county {county_code} have no [notices]: write bank, signature and telephone there"
        )
    return terms


def product_of(policy: PolicyInForce, product: ProductName) -> Product:
    """Return what a policy offers of a product: over all bands but the last, which is declined, and each term."""
    offers = [
        (_rate(policy, product, band, months), months) for band in LENT for months in _terms_of(policy, product, band)
    ]
    charges = policy.charges(product)
    costs = [_cost(rate, charges, months) for rate, months in offers]
    told: list[Figure | Charge] = [*_figures(policy, product), *charges]
    return Product(
        product,
        least_yuan=int(policy.figure("smallest_ticket")),
        most_yuan=_most(policy, product),
        months=_ends([months for _, months in offers]),
        rate_bp=_ends([rate for rate, _ in offers]),
        cost_bp=_ends(costs),
        charges=[_told(one) for one in charges],
        age=int(policy.figure("age_cap", product=product)),
        repayment=policy.policy.products[product].repayment,
        purposes=policy.policy.products[product].purposes,
        policy_id=policy.policy.policy_id,
        since=max(one.from_ for one in told).isoformat(),
        is_draft=not all(one.verified for one in told),
    )


def _ends(values: Sequence[int]) -> tuple[int, int]:
    return min(values), max(values)


def _terms_of(policy: PolicyInForce, product: ProductName, band: BandName) -> range:
    """Return the terms of a band in months: whole years, for a borrower's age may shorten the longest."""
    return range(A_YEAR, int(policy.figure("term", product=product, band=band)) + 1, A_YEAR)


def _rate(policy: PolicyInForce, product: ProductName, band: BandName, months: int) -> int:
    """Return a band's yearly rate, basis points: of a term of one year, or of a longer one."""
    return scaled("reference_rate", policy.yearly_rate(product, band, 2 if months > A_YEAR else 1), BP)


def _cost(rate_bp: int, charges: Sequence[Charge], months: int) -> int:
    """Return rate and charges a year, basis points, half up, as a decision has it: what is paid once is spread."""
    yearly, once = (
        sum(scaled("charges", one.share, PPM) for one in charges if one.basis == basis) for basis in ("yearly", "once")
    )
    return rate_bp + (2 * (yearly * months + once * A_YEAR) + 100 * months) // (200 * months)


def _most(policy: PolicyInForce, product: ProductName) -> int:
    """Return the most that a household may have of a product, yuan: a grower's own cap where there is one."""
    found = [policy.figure("product_cap", product=product)]
    if product == "farmer_line":
        tiers = (policy.policy.find(name, policy.as_of, county=policy.county_code) for name in TIER_CAPS.values())
        found += [tier.value for tier in tiers if tier is not None]
    return int(min(max(found), policy.figure("household_cap")))


def _figures(policy: PolicyInForce, product: ProductName) -> Iterator[Figure]:
    """Return each figure that a sheet tells of, as the policy has it."""
    by_band = [{"product": product, "band": band} for band in LENT]
    asked: list[tuple[str, dict[str, Any]]] = [(name, {"product": product}) for name in OF_A_PRODUCT]
    asked += [(name, {}) for name in ("smallest_ticket", "household_cap")]
    asked += [(name, keys) for name in ("term", "spread_bp") for keys in by_band]
    for name, keys in asked:
        found = policy.policy.find(name, policy.as_of, county=policy.county_code, **keys)
        if found is not None:
            yield found


def _told(one: Charge) -> dict[str, Any]:
    share = scaled("charges", one.share, PPM)
    return {"charge": one.charge, "payee": one.payee, "basis": one.basis, "share_ppm": share}
