"""The policy in force becomes small tables that the SQL of the limit joins: figures, products, bands, norms."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa

from village_credit.errors import PolicyRefused
from village_credit.policy.growers import optional_figures
from village_credit.policy.holdout import HOLDOUT_CAP, holdout_cap
from village_credit.policy.model import PolicyInForce
from village_credit.policy.sections import BANDS, PRODUCTS, ProductName

PPM = 1_000_000
BP = 10_000
MAX_YEARS = 3
SHARES = (
    "area_tolerance",
    "single_year_share",
    "recognised_livestock",
    "recognised_wages",
    "recognised_trade",
    "recognised_transfers",
    "stress",
    "service_share",
    "existing_rate",
    "self_liquidating_share",
    "asset_share",
    "operating_share",
    "depreciation",
    "declared_asset_share",
    "working_margin",
    "trader_margin",
    "rise",
)
# Each with the most that the SQL can reckon with: a person's or a head's is taken many times
WHOLE_YUAN = {
    **dict.fromkeys(("living_cost", "sheep_value", "cattle_value", "sheep_need", "cattle_need"), 1_000_000),
    **dict.fromkeys(("household_cap", "step", "smallest_ticket", "trader_review_cap"), 1_000_000_000),
}


def scaled(name: str, value: Decimal | Fraction, scale: int) -> int:
    """Turn a figure into whole units of 1/scale; raises PolicyRefused where it has more digits than that."""
    whole = Fraction(value) * scale
    if whole.denominator != 1:
        raise PolicyRefused(f"figure {name} = {value} has more digits than 1/{scale:,} can hold: shorten it")
    return whole.numerator


def _yuan(name: str, value: Decimal) -> int:
    if value > WHOLE_YUAN[name]:
        raise PolicyRefused(f"figure {name} = {value} is above {WHOLE_YUAN[name]:,} yuan: look at it again")
    return scaled(name, value, 1)


def policy_tables(policy: PolicyInForce) -> dict[str, pa.Table]:
    """Return f, products, bands, band_edges, annuities, norms, rents, product_names, service_area."""
    names = policy.product_of()
    return {
        "f": _figures(policy),
        "products": _products(policy),
        "bands": _bands(policy),
        "band_edges": pa.table(
            {"band": [b for b, _ in policy.band_edges()], "below_ppm": [edge for _, edge in policy.band_edges()]}
        ),
        "annuities": _annuities(policy),
        "norms": _norms(policy),
        "rents": _rents(policy),
        "product_names": pa.table({"product_name": list(names), "product": list(names.values())}),
        "service_area": _strings("county_code", policy.policy.service_area),
    }


def _strings(name: str, values: Iterable[str]) -> pa.Table:
    return pa.table({name: pa.array(list(values), pa.string())})


def _figures(policy: PolicyInForce) -> pa.Table:
    """One row: shares in ppm, money in whole yuan, land in ten-thousandths of a mu.

    What the policy leaves out is null.
    """
    row: dict[str, pa.Array] = {name: pa.array([scaled(name, policy.figure(name), PPM)], pa.int64()) for name in SHARES}
    for name in ("branch_word_months", "review_fact_months"):
        row[name] = pa.array([scaled(name, policy.figure(name), 1)], pa.int64())
    row |= {name: pa.array([_yuan(name, policy.figure(name))], pa.int64()) for name in WHOLE_YUAN}
    row |= {name: pa.array([value], pa.int64()) for name, value in optional_figures(policy).items()}
    row[HOLDOUT_CAP] = pa.array([holdout_cap(policy)], pa.int64())
    row["rent"] = pa.array([_rent(policy, None)], pa.int64())
    screen, refused = policy.policy.screen, policy.policy.refused_list_reasons
    row["refused_reasons"] = pa.array([[*refused, *screen.codes_of("refused")]], pa.list_(pa.string()))
    row["grey_reasons"] = pa.array([screen.codes_of("grey")], pa.list_(pa.string()))
    row["negative_stays"] = pa.array([screen.contagion.negative_list == "borrower_only"])
    row["grey_stays"] = pa.array([screen.contagion.grey_list == "borrower_only"])
    row["overdue_stays"] = pa.array([screen.contagion.overdue == "borrower_only"])
    row["residual_crop"] = pa.array([policy.policy.residual_crop], pa.string())
    return pa.table(row)


def _products(policy: PolicyInForce) -> pa.Table:
    rows = [
        {
            "product": product,
            "repayment": policy.policy.products[product].repayment,
            "is_revolving": policy.policy.products[product].repayment == "revolving",
            "purposes": policy.policy.products[product].purposes,
            "cap": int(policy.figure("product_cap", product=product)),
            "age_cap": int(policy.figure("age_cap", product=product)),
            "yearly_ppm": _charged(policy, product, "yearly"),
            "once_ppm": _charged(policy, product, "once"),
        }
        for product in PRODUCTS
    ]
    return pa.Table.from_pylist(rows)


def _charged(policy: PolicyInForce, product: ProductName, basis: str) -> int:
    """Sum a product's charges of a kind, ppm of the amount."""
    return sum(scaled("charges", one.share, PPM) for one in policy.charges(product) if one.basis == basis)


def _bands(policy: PolicyInForce) -> pa.Table:
    rows = [
        {
            "product": product,
            "band": band,
            "base": int(policy.figure("base", product=product, band=band)),
            "term": int(policy.figure("term", product=product, band=band)),
            "spread": int(policy.figure("spread_bp", product=product, band=band)),
            "rate_bp": scaled("reference_rate", policy.yearly_rate(product, band, 2), BP),
            "rate_one_year_bp": scaled("reference_rate_one_year", policy.yearly_rate(product, band, 1), BP),
        }
        for product in PRODUCTS
        for band in BANDS
    ]
    return pa.Table.from_pylist(rows)


def _annuities(policy: PolicyInForce) -> pa.Table:
    rows = [
        {"product": product, "band": band, "years": years, "permille": policy.annuity_permille(product, band, years)}
        for product in PRODUCTS
        for band in BANDS
        for years in range(1, MAX_YEARS + 1)
    ]
    return pa.Table.from_pylist(rows)


def _norms(policy: PolicyInForce) -> pa.Table:
    """Money in fen, outturn in ten-thousandths."""
    norms = policy.norms()
    columns = {
        "net": [scaled("norm", norm.net_yuan, 100) for norm in norms],
        "cost": [scaled("norm", norm.cost_yuan, 100) for norm in norms],
        "price": [scaled("norm", norm.price_yuan, 100) for norm in norms],
        "outturn": [scaled("outturn", norm.outturn, 10_000) for norm in norms],
        "scale": [scaled("scale_of_finance", _scale(policy, norm.crop), 100) for norm in norms],
    }
    return pa.table(
        {
            "crop": pa.array([norm.crop for norm in norms], pa.string()),
            **{k: pa.array(v, pa.int64()) for k, v in columns.items()},
        }
    )


def _rents(policy: PolicyInForce) -> pa.Table:
    """Return a year's rent of a mu by crop, in fen: of the crops that have one of their own."""
    crops = sorted({f.crop for f in policy.policy.figures if f.name == "rent" and f.crop})
    rents = [_rent(policy, crop) for crop in crops]
    return pa.table({"crop": pa.array(crops, pa.string()), "rent": pa.array(rents, pa.int64())})


def _rent(policy: PolicyInForce, crop: str | None) -> int | None:
    found = policy.policy.find("rent", policy.as_of, county=policy.county_code, crop=crop)
    return None if found is None else scaled("rent", found.value, 100)


def _scale(policy: PolicyInForce, crop: str) -> Decimal:
    """A crop with a norm and no scale of finance needs nothing."""
    try:
        return policy.figure("scale_of_finance", crop=crop)
    except PolicyRefused:
        return Decimal(0)
