"""The dated policy file becomes the figures in force on a day.

Value, unit, reference and the day from which it holds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator

from data_contracts.branch import MAX_TERM_MONTHS
from data_contracts.prohibited import prohibited_word
from data_contracts.toml_file import BYTE_ORDER_MARK
from village_credit.errors import PolicyRefused
from village_credit.policy.changeable import Changeable
from village_credit.policy.screen import ScreenRules
from village_credit.policy.sections import (
    BANDS,
    PRODUCTS,
    BandName,
    BranchRecipients,
    Charge,
    County,
    DrawPurpose,
    LadderStep,
    NormValue,
    ProductName,
    ReliefRules,
    RepairRules,
    RetentionPeriod,
    Season,
    Section,
    Value,
    Whole,
    no_text,
)

KEYS = ("county", "product", "band", "crop")
LEAST_NORM_YEARS = 2


class Figure(Section):
    """One number of the committee. Keys say for whom it holds; without a key it holds for all."""

    name: str
    value: Value
    unit: str
    from_: date = Field(alias="from")
    reference: str
    verified: bool
    county: County = None
    product: ProductName | None = None
    band: BandName | None = None
    crop: str | None = None

    def keys(self) -> tuple[str | None, ...]:
        """For whom it holds: county, product, band, crop."""
        return tuple(getattr(self, key) for key in KEYS)

    def rank(self) -> tuple[int, tuple[bool, ...], date]:
        """The most keys win; among as many, a county's before a product's before a band's; then the latest `from`."""
        named = tuple(key is not None for key in self.keys())
        return sum(named), named, self.from_


class CropNorm(Section):
    """A crop's yield, price and cash cost in a county and year (county `*`: every county without its own)."""

    county: str
    crop: str
    year: Whole
    yield_kg_per_mu: NormValue
    price_yuan_per_kg: NormValue
    cost_yuan_per_mu: NormValue
    form: str
    outturn: Annotated[Decimal, BeforeValidator(no_text)] = Field(gt=0, le=1, decimal_places=12)
    from_: date = Field(alias="from")
    reference: str
    verified: bool


class Annuity(Section):
    """What one yuan of yearly service carries, per mille, at a yearly rate: the policy check reckons it again."""

    repayment: Literal["revolving", "instalments"]
    rate: Annotated[Decimal, BeforeValidator(no_text)] = Field(ge=0, le=10**6, decimal_places=12)
    years: Whole = Field(ge=1, le=MAX_TERM_MONTHS // 12)
    permille: Whole


class ProductRules(Section):
    """What of a product is not a number."""

    repayment: Literal["revolving", "instalments"]
    purposes: str
    draw_purposes: tuple[DrawPurpose, ...] = ()  # as the core system tells them; none: nobody looks
    names: list[str]  # 产品 as banks write it


class Policy(Section):
    """The whole file."""

    policy_id: str
    institution: str
    note: str
    service_area: list[str]
    # 取得方式 of parcels that count as a household's own beside family contracts
    counted_methods: tuple[Literal["200", "300", "900"], ...] = ()
    basis_exempt: list[str]  # contracts that need no legal basis: the bank's own
    refused_list_reasons: list[str]
    residual_crop: str | None = None
    budget_rule: Literal["value", "pro_rata"] = "value"  # how a budget below what is asked is shared out
    products: dict[ProductName, ProductRules]
    figures: list[Figure]
    crop_norms: list[CropNorm]
    annuities: tuple[Annuity, ...] = ()
    relief: ReliefRules = ReliefRules()
    screen: ScreenRules = ScreenRules()
    authority_ladder: tuple[LadderStep, ...] = ()
    charges: tuple[Charge, ...] = ()
    seasons: tuple[Season, ...] = ()
    repair: RepairRules = RepairRules()
    changeable: tuple[Changeable, ...] = ()  # none: nobody is told what would help
    retention: tuple[RetentionPeriod, ...] = ()
    branch_recipients: BranchRecipients = Field(default_factory=dict)

    @field_validator("products")
    @classmethod
    def know_every_product(cls, products: dict[ProductName, ProductRules]) -> dict[ProductName, ProductRules]:
        """A household may fall under any of the products."""
        if missing := [name for name in PRODUCTS if name not in products]:
            raise ValueError(f"no section for {', '.join(missing)}: add [products.{missing[0]}]")
        return products

    def find(self, name: str, as_of: date, **keys: str | None) -> Figure | None:
        """Return what holds of a figure on a day.

        The most specific key first, then the latest `from` not after the day.
        """
        by_name, found = self._looked_up()
        asked = (name, as_of, *(keys.get(key) for key in KEYS))
        if asked not in found:
            held = [
                f
                for f in by_name.get(name, [])
                if f.from_ <= as_of and all(getattr(f, key) in (None, keys.get(key)) for key in KEYS)
            ]
            found[asked] = max(held, key=Figure.rank, default=None)
        return found[asked]

    def _looked_up(self) -> tuple[dict[str, list[Figure]], dict[tuple[Any, ...], Figure | None]]:
        """Return the figures by name, and what was found so far: a policy is asked the same hundreds of times."""
        known: tuple[list[Figure], tuple[Any, Any]] | None = self.__dict__.get("_known")
        if known is None or known[0] is not self.figures:  # a copy with other figures has what the first knew
            by_name: dict[str, list[Figure]] = {}
            for figure in self.figures:
                by_name.setdefault(figure.name, []).append(figure)
            known = self.__dict__["_known"] = (self.figures, (by_name, {}))
        return known[1]

    def figure(self, name: str, as_of: date, **keys: str | None) -> Decimal:
        """Return a figure's value on a day; raises PolicyRefused where none is in force."""
        found = self.find(name, as_of, **keys)
        if found is None:
            raise PolicyRefused(
                f"policy {self.policy_id}: no figure {name} {_keys_text(keys)} in force on {as_of}; add one with "
                f"its `from`"
            )
        return found.value

    def in_force(self, as_of: date, county_code: str) -> PolicyInForce:
        """Resolve every figure for one county and day."""
        return PolicyInForce(self, as_of, county_code)


@dataclass(frozen=True)
class Norm:
    """A crop's means over the norm years: yuan a mu and yuan a kg, half up to two decimals."""

    crop: str
    net_yuan: Decimal
    cost_yuan: Decimal
    price_yuan: Decimal
    outturn: Decimal


@dataclass(frozen=True)
class PolicyInForce:
    """The policy as one county has it on one day."""

    policy: Policy
    as_of: date
    county_code: str

    def figure(self, name: str, **keys: str) -> Decimal:
        """Return one figure for this county and day."""
        return self.policy.figure(name, self.as_of, county=self.county_code, **keys)

    def share(self, name: str, **keys: str) -> Fraction:
        """Return a figure as an exact fraction."""
        return Fraction(self.figure(name, **keys))

    @property
    def related_list_max_age_days(self) -> int:
        """How old the related-party list may be, days."""
        return int(self.figure("related_list_max_age_days"))

    def cap(self, level: str) -> int | None:
        """Return the budget of each village, township or county; None where no cap is set."""
        found = self.policy.find(f"budget_{level}", self.as_of, county=self.county_code)
        return None if found is None else int(found.value)

    def crops_named(self) -> set[str]:
        """Return the crops that the policy names, in norms, rents and seasons."""
        norms = {norm.crop for norm in self.policy.crop_norms}
        figures = {figure.crop for figure in self.policy.figures if figure.crop}
        return norms | figures | {season.crop for season in self.policy.seasons if season.crop}

    def norms(self) -> list[Norm]:
        """Return every crop's norm over the latest complete years that have one, at least two."""
        crops = sorted({norm.crop for norm in self.policy.crop_norms})
        return [norm for crop in crops if (norm := self._norm(crop)) is not None]

    def _norm(self, crop: str) -> Norm | None:
        years = self.norm_years(crop)
        if len(years) < LEAST_NORM_YEARS:
            return None
        count = len(years)
        nets = [
            Fraction(y.yield_kg_per_mu) * Fraction(y.price_yuan_per_kg) - Fraction(y.cost_yuan_per_mu) for y in years
        ]
        return Norm(
            crop,
            half_up(sum(nets, Fraction(0)) / count),
            half_up(sum((Fraction(y.cost_yuan_per_mu) for y in years), Fraction(0)) / count),
            half_up(sum((Fraction(y.price_yuan_per_kg) for y in years), Fraction(0)) / count),
            years[0].outturn,
        )

    def norm_years(self, crop: str) -> list[CropNorm]:
        """Return the years that a crop's norm is made of, latest first.

        In each the county's own norm before the general one, then the latest `from`.
        """
        usable = [
            n
            for n in self.policy.crop_norms
            if n.crop == crop
            and n.year < self.as_of.year
            and n.from_ <= self.as_of
            and n.county in ("*", self.county_code)
        ]
        by_year: dict[int, CropNorm] = {}
        for norm in sorted(usable, key=lambda n: (n.county != "*", n.from_)):
            by_year[norm.year] = norm
        return [by_year[year] for year in sorted(by_year, reverse=True)[: int(self.figure("norm_years"))]]

    def annuity_permille(self, product: ProductName, band: BandName, years: int) -> int:
        """Return what one yuan of yearly service carries, per mille: down to an integer."""
        yearly = self.yearly_rate(product, band, years)
        return annuity(self.policy.products[product].repayment, yearly, years)

    def yearly_rate(self, product: ProductName, band: BandName, years: int) -> Fraction:
        """Return the whole yearly rate of a term: the reference rate up to one year or above, and the spread.

        Raises PolicyRefused where it is below 0.
        """
        reference = "reference_rate" if years > 1 else "reference_rate_one_year"
        spread = self.share("spread_bp", product=product, band=band)
        rate = self.share(reference, product=product) + spread / 10_000
        if rate < 0:
            raise PolicyRefused(
                f"policy {self.policy.policy_id}: {reference} and spread_bp of {product} {band} come to "
                f"{float(rate):.2%} on {self.as_of}: no rate is below 0"
            )
        return rate

    def seasons(self) -> list[Season]:
        """Return the seasons in force on the day, the latest word on each; a share of 0: no longer."""
        last: dict[tuple[str, str], Season] = {}
        for one in sorted(self.policy.seasons, key=lambda s: (s.county is not None, s.from_)):
            if one.from_ <= self.as_of and one.county in (None, self.county_code):
                last[one.product, one.season] = one
        return [last[key] for key in sorted(last) if last[key].share > 0]

    def charges(self, product: ProductName) -> list[Charge]:
        """Return what a product costs beside its interest on the day, the latest word on each charge; 0: no longer."""
        last: dict[str, Charge] = {}
        for one in sorted(self.policy.charges, key=lambda c: (c.from_, c.county is not None, c.product is not None)):
            if one.from_ <= self.as_of and one.county in (None, self.county_code) and one.product in (None, product):
                last[one.charge] = one
        return [last[name] for name in sorted(last) if last[name].share > 0]

    def product_of(self) -> dict[str, ProductName]:
        """Map 产品 names to products."""
        return {name: product for product, rules in self.policy.products.items() for name in rules.names}

    def band_edges(self) -> list[tuple[BandName, int]]:
        """Return each band's upper edge in ppm (a probability below it is in the band); E has none."""
        return [(band, int(self.figure("band_edge_ppm", band=band))) for band in BANDS[:-1]]


def annuity(repayment: str, rate: Fraction, years: int) -> int:
    """Return the present value of one yuan a year, per mille, down: one clean-up a year, or equal instalments."""
    if repayment == "revolving":
        return int(Fraction(1000) / (1 + rate))
    if rate == 0:
        return 1000 * years
    return int(1000 * (1 - (1 + rate) ** -years) / rate)


def half_up(value: Fraction) -> Decimal:
    """Round to two decimals, away from zero at the half."""
    scaled = abs(value) * 100
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return (Decimal(whole if value >= 0 else -whole) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


@lru_cache(maxsize=8)  # a run asks for it in several places, and what is read cannot be altered
def load_policy(text: str) -> Policy:
    """Read and check a policy's form; raises PolicyRefused with every fault and its place."""
    told = _read(text)
    try:
        policy = Policy.model_validate(told)
    except ValidationError as error:
        faults = _faults(error.errors(include_input=False, include_url=False), told)
        raise PolicyRefused("policy is unsound: " + "; ".join(faults)) from None
    # comments may say what they must, and what a refused reason means, and keys may be spelled by chance; no other may
    unread: Any = {"screen": {"reasons": policy.screen.refused_meanings()}, "branch_recipients": True}
    words = policy.model_dump_json(exclude=unread)
    word = prohibited_word(words) or prohibited_word(words.replace("_", " "))
    if word:
        raise PolicyRefused(f"policy {policy.policy_id}: a prohibited attribute ({word}) can be no key of a policy")
    return policy


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix(BYTE_ORDER_MARK), parse_float=Decimal)
    except ValueError as error:
        raise PolicyRefused(f"policy is not TOML: {error}") from None
    except (ArithmeticError, RecursionError):
        raise PolicyRefused(
            "policy cannot be read: a number or a nesting of brackets is beyond what can be held"
        ) from None


def _faults(errors: Iterable[Any], told: dict[str, Any]) -> list[str]:
    return [f"{'.'.join(_place(fault['loc'], told))}: {fault['msg']}" for fault in errors]


def _place(loc: tuple[str | int, ...], told: dict[str, Any]) -> list[str]:
    """Name a place of the file; a figure and a norm by their names, for nobody counts them."""
    words = [str(word) for word in loc]
    if len(loc) > 1 and isinstance(loc[1], int) and loc[0] in ("figures", "crop_norms"):
        entry = told[str(loc[0])][loc[1]]
        keys = ("name",) if loc[0] == "figures" else ("crop", "year")
        names = [entry.get(key) for key in keys] if isinstance(entry, dict) else []
        words[1:2] = [str(name) for name in names if name is not None] or words[1:2]
    return words


def _keys_text(keys: dict[str, str | None]) -> str:
    return " ".join(f"{key}={value}" for key, value in sorted(keys.items()) if value)


TERM_LIMIT = MAX_TERM_MONTHS
