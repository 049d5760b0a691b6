"""A policy is asked whether it is sound before anyone signs it: every fault with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from village_credit.errors import PolicyRefused
from village_credit.policy import authority_ladder as ladder
from village_credit.policy import branch_authority as authority
from village_credit.policy import days_ahead, growers, holdout, least_defaults, quorum, units
from village_credit.policy.changeable import changeable_faults
from village_credit.policy.charges import charge_faults
from village_credit.policy.compiled import SHARES, policy_tables
from village_credit.policy.gate_thresholds import GATE_OF, GATES, OPTIONAL_FIGURES, REQUIRED_FIGURES
from village_credit.policy.model import TERM_LIMIT, Figure, Policy, annuity, load_policy
from village_credit.policy.optional import keys_fault
from village_credit.policy.retention import retention_faults
from village_credit.policy.seasons import season_faults
from village_credit.policy.sections import BANDS, PRODUCTS, BandName, ProductName

if TYPE_CHECKING:
    from village_credit.policy.model import Policy


REQUIRED: dict[str, tuple[str, ...]] = {
    "area_tolerance": (),
    "norm_years": (),
    "single_year_share": (),
    "stress": (),
    "service_share": (),
    "living_cost": (),
    "existing_rate": (),
    "self_liquidating_share": (),
    "asset_share": (),
    "operating_share": (),
    "depreciation": (),
    "sheep_value": (),
    "cattle_value": (),
    "sheep_need": (),
    "cattle_need": (),
    "declared_asset_share": (),
    "working_margin": (),
    "household_cap": (),
    "rise": (),
    "branch_word_months": (),
    "trader_margin": (),
    "trader_review_cap": (),
    "review_fact_months": (),
    "step": (),
    "smallest_ticket": (),
    "loss_given_default": (),
    "related_list_max_age_days": (),
    "recognised_livestock": (),
    "recognised_wages": (),
    "recognised_trade": (),
    "recognised_transfers": (),
    "product_cap": ("product",),
    "age_cap": ("product",),
    "reference_rate": ("product",),
    "reference_rate_one_year": ("product",),
    "base": ("product", "band"),
    "margin_bp": ("product",),
    "spread_bp": ("product", "band"),
    "term": ("product", "band"),
    "band_edge_ppm": ("band",),
    **dict.fromkeys(REQUIRED_FIGURES, ()),
}
RELIEF_FIGURES = ("relief_extension_months", "relief_rate_cut_bp")
BUDGETS = ("budget_village", "budget_township", "budget_county")
OPTIONAL = (
    "scale_of_finance",
    "rent",
    *BUDGETS,
    *authority.OPTIONAL_FIGURES,
    *growers.OPTIONAL_FIGURES,
    *quorum.OPTIONAL_FIGURES,
    *days_ahead.OPTIONAL_FIGURES,
    *holdout.OPTIONAL_FIGURES,
    *least_defaults.OPTIONAL_FIGURES,
    *RELIEF_FIGURES,
    *OPTIONAL_FIGURES,
)
# By which keys each figure is looked up, besides its county; `authority`, `growers` and `quorum` know it of their own.
ASKED_BY: dict[str, tuple[str, ...]] = {
    **REQUIRED,
    **dict.fromkeys(("scale_of_finance", "rent"), ("crop",)),
    **dict.fromkeys((*BUDGETS, *RELIEF_FIGURES, *OPTIONAL_FIGURES), ()),
}
# Read as whole numbers: a fraction would be cut off in silence
WHOLE = (
    *("base", "term", "spread_bp", "band_edge_ppm", "product_cap", "age_cap", "norm_years"),
    *("branch_word_months", "review_fact_months"),
)
HIGHEST_EDGE_PPM = 1_000_000
FROM_NOUGHT_TO_ONE = frozenset(SHARES) - {"rise"} | {"reference_rate", "reference_rate_one_year", "loss_given_default"}
MAY_BE_NEGATIVE = ("spread_bp",)
ORDERED = (("base", False), ("term", False), ("spread_bp", True))  # does the figure rise with the risk?


@dataclass(frozen=True)
class PolicyFault:
    """What is wrong, and where."""

    place: str
    sentence: str


def check_policy(text: str, as_of: date, counties: tuple[str, ...] = ()) -> list[PolicyFault]:
    """Return every fault of a policy on a day and on each later day when a figure changes; none means sound."""
    try:
        policy = load_policy(text)
    except PolicyRefused as refusal:
        return [PolicyFault("file", str(refusal))]
    faults = [
        *_values(policy),
        *(PolicyFault(*fault) for fault in (*units.unit_faults(policy), *units.range_faults(policy))),
        *_keys(policy),
        *_gate_figures(policy),
        *_budgets(policy),
        *(PolicyFault(*fault) for fault in authority.figure_faults(policy)),
        *(PolicyFault(*fault) for fault in growers.figure_faults(policy)),
        *(PolicyFault(*fault) for fault in screen_faults(policy)),
        *(PolicyFault(*fault) for fault in quorum.figure_faults(policy)),
        *(PolicyFault(*fault) for fault in days_ahead.figure_faults(policy)),
        *(PolicyFault(*fault) for fault in holdout.figure_faults(policy)),
        *(PolicyFault(*fault) for fault in least_defaults.figure_faults(policy)),
        *(PolicyFault(*fault) for fault in ladder.ladder_faults(policy)),
        *(PolicyFault(*fault) for fault in charge_faults(policy)),
        *(PolicyFault(*fault) for fault in season_faults(policy)),
        *(PolicyFault(*fault) for fault in retention_faults(policy)),
        *(PolicyFault(*fault) for fault in changeable_faults(policy)),
        *_crops(policy),
        *_relief(policy),
        *_overlaps(policy),
        *_annuities(policy),
        *_counties(policy, counties),
        *(fault for day in _days(policy, as_of) for fault in _on(policy, day)),
    ]
    return list(dict.fromkeys(faults))


def _days(policy: Policy, as_of: date) -> list[date]:
    starts = {f.from_ for f in policy.figures} | {n.from_ for n in policy.crop_norms}
    return [as_of, *sorted(day for day in starts if day > as_of)]


def _places(policy: Policy) -> list[str | None]:
    """Counties with a figure or norm of their own, and None for all the others of the service area."""
    own = {f.county for f in policy.figures if f.county} | {n.county for n in policy.crop_norms} - {"*"}
    others = [None] if set(policy.service_area) - own else []
    return [*sorted(own), *others]


def _on(policy: Policy, day: date) -> Iterator[PolicyFault]:
    """Ask what holds on one day; order and tables only where nothing is missing."""
    for county in _places(policy):
        missing = list(_missing(policy, day, county))
        yield from missing
        if not missing:
            yield from _terms(policy, day, county)
            yield from _orders(policy, day, county)
            yield from _rates(policy, day, county)
            yield from _edges(policy, day, county)
            yield from _gates(policy, day, county)
            yield from (PolicyFault(*fault) for fault in quorum.half_faults(policy, day, county))
            yield from (PolicyFault(*fault) for fault in growers.tier_faults(policy, day, county))
            yield from _compiled(policy, day, county)


def _missing(policy: Policy, day: date, county: str | None) -> Iterator[PolicyFault]:
    for name, keys in REQUIRED.items():
        bands = BANDS[:-1] if name == "band_edge_ppm" else BANDS  # the lowest band has no upper edge
        for product in PRODUCTS if "product" in keys else (None,):
            for band in bands if "band" in keys else (None,):
                if policy.find(name, day, county=county, product=product, band=band) is None:
                    whom = " ".join(filter(None, (county, product, band))) or "all"
                    yield PolicyFault(f"figures.{name}", f"no figure for {whom} is in force on {day}")


def _values(policy: Policy) -> Iterator[PolicyFault]:
    for figure in policy.figures:
        place = f"figures.{figure.name}"
        if figure.name not in REQUIRED and figure.name not in OPTIONAL:
            yield PolicyFault(place, "is no figure that the limit knows")
        if (figure.name in FROM_NOUGHT_TO_ONE or figure.unit == "share") and not 0 <= figure.value <= 1:
            yield PolicyFault(place, f"a share of {figure.value} is outside 0 to 1")
        if figure.value < 0 and figure.name not in MAY_BE_NEGATIVE:
            yield PolicyFault(place, f"{figure.value} {figure.unit} is below 0")
        if figure.name == "step" and figure.value <= 0:
            yield PolicyFault(place, "a step must be above 0")
        if figure.name in WHOLE and figure.value % 1:
            yield PolicyFault(place, f"{figure.value} {figure.unit} is not whole")


def _keys(policy: Policy) -> Iterator[PolicyFault]:
    """A figure for a product, band or crop by which nobody asks it would be signed, and pass unheard."""
    for figure in policy.figures:
        asked = ASKED_BY.get(figure.name)
        fault = None if asked is None else keys_fault(figure, ("county", *asked))
        if fault:
            yield PolicyFault(f"figures.{figure.name}", fault)
        elif figure.name == "band_edge_ppm" and figure.band == BANDS[-1]:
            yield PolicyFault(f"figures.{figure.name}", f"band {BANDS[-1]} has no upper edge")


def _gate_figures(policy: Policy) -> Iterator[PolicyFault]:
    """A threshold is read in its gate's unit."""
    for figure in policy.figures:
        asked = GATE_OF.get(figure.name)
        if asked is not None and figure.unit != asked.unit:
            yield PolicyFault(f"figures.{figure.name}", f"the unit {figure.unit} should be {asked.unit}")


def _budgets(policy: Policy) -> Iterator[PolicyFault]:
    """A budget is one sum for all products together, in whole yuan."""
    for figure in policy.figures:
        if figure.name not in BUDGETS:
            continue
        place = f"figures.{figure.name}"
        if figure.unit != "yuan":
            yield PolicyFault(place, f"the unit {figure.unit} should be yuan")
        if figure.value % 1:
            yield PolicyFault(place, f"{figure.value} is not whole yuan")


def _gates(policy: Policy, day: date, county: str | None) -> Iterator[PolicyFault]:
    """A gate warns before it fails, or at the same figure."""
    for asked in GATES.values():
        held = {side: policy.find(name, day, county=county) for side, name in asked.figures().items()}
        warn, fail = held.get("warn"), held.get("fail")
        if warn and fail and asked.is_worse(warn.value, fail.value):
            yield PolicyFault(
                f"figures.{warn.name}",
                f"gate {asked.gate} would warn at {warn.value} only, where it has failed at {fail.value}",
            )


def _overlaps(policy: Policy) -> Iterator[PolicyFault]:
    """Two entries of which nobody can say which holds."""
    figures = Counter((f.name, f.keys(), f.from_) for f in policy.figures)
    norms = Counter((n.county, n.crop, n.year, n.from_) for n in policy.crop_norms)
    names = Counter(name for rules in policy.products.values() for name in set(rules.names))
    for (name, keys, start), count in figures.items():
        if count > 1:
            whom = " ".join(filter(None, keys)) or "all"
            yield PolicyFault(f"figures.{name}", f"stands {count} times for {whom} from {start}")
    for (county, crop, year, start), count in norms.items():
        if count > 1:
            yield PolicyFault(f"crop_norms.{crop}.{year}", f"stands {count} times for {county} from {start}")
    for name, count in names.items():
        if count > 1:
            yield PolicyFault("products", f"the name {name} belongs to {count} products")


def _annuities(policy: Policy) -> Iterator[PolicyFault]:
    """Reckon the table again."""
    for row in policy.annuities:
        right = annuity(row.repayment, Fraction(row.rate), row.years)
        if row.permille != right:
            place = f"annuities.{row.repayment}.{row.rate}.{row.years}"
            yield PolicyFault(place, f"{row.permille} per mille should be {right}")


def _counties(policy: Policy, known: tuple[str, ...]) -> Iterator[PolicyFault]:
    allowed = set(known) or set(policy.service_area)
    named = [(f"figures.{f.name}", f.county) for f in policy.figures if f.county]
    named += [(f"crop_norms.{n.crop}.{n.year}", n.county) for n in policy.crop_norms if n.county != "*"]
    for place, county in named:
        if county not in allowed:
            yield PolicyFault(place, f"county {county} is not in the service area")


def _crops(policy: Policy) -> Iterator[PolicyFault]:
    """A crop is known by its norms: a figure for any other name would hold for nobody."""
    known = {norm.crop for norm in policy.crop_norms}
    for figure in policy.figures:
        if figure.crop is not None and figure.crop not in known:
            yield PolicyFault(f"figures.{figure.name}", f"the crop {figure.crop} has no norm")
    if policy.residual_crop is not None and policy.residual_crop not in known:
        yield PolicyFault("residual_crop", f"the crop {policy.residual_crop} has no norm")


def _relief(policy: Policy) -> Iterator[PolicyFault]:
    """Listing codes that the policy's own dictionary does not know, and reasons that two documents would answer."""
    known = {code for reason in policy.screen.reasons for code in reason.codes}
    asked = {
        "relief.conduct_list_reasons": policy.relief.conduct_list_reasons,
        "repair.listing_months": policy.repair.listing_months,
    }
    for place, codes in asked.items():
        for code in codes:
            if known and code not in known:
                yield PolicyFault(place, f"the code {code} has no meaning in screen.reasons")
    answered = Counter(item.reason for item in policy.relief.may_come_later)
    for reason, count in answered.items():
        if count > 1:
            yield PolicyFault("relief.may_come_later", f"the reason {reason} stands {count} times")


def _terms(policy: Policy, day: date, county: str | None) -> Iterator[PolicyFault]:
    for product in PRODUCTS:
        for band, figure in _by_band(policy, "term", day, county, product):
            if not 12 <= figure.value <= TERM_LIMIT or figure.value % 12:
                yield PolicyFault(
                    f"figures.term.{product}.{band}",
                    f"a term of {figure.value} months is over {TERM_LIMIT} or not whole years",
                )


def _orders(policy: Policy, day: date, county: str | None) -> Iterator[PolicyFault]:
    """A better band never has a lower base, a shorter term or a dearer spread."""
    for name, is_rising in ORDERED:
        for product in PRODUCTS:
            values = [figure.value for _, figure in _by_band(policy, name, day, county, product)]
            if any((b < a if is_rising else b > a) for a, b in pairwise(values)):
                yield PolicyFault(f"figures.{name}.{product}", "is worse for a better band")


def _rates(policy: Policy, day: date, county: str | None) -> Iterator[PolicyFault]:
    """At its own term, a better band never pays a dearer whole rate, nor carries less of a yearly service.

    Reference rates differ up to one year and above: a spread that falls is not enough. The lowest band lends nothing.
    """
    held = policy.in_force(day, county or "*")
    for product in PRODUCTS:
        terms = _by_band(policy, "term", day, county, product)[:-1]
        years = [(band, min(max(1, int(term.value) // 12), TERM_LIMIT // 12)) for band, term in terms]
        try:
            lent = [
                (band, held.yearly_rate(product, band, n), held.annuity_permille(product, band, n)) for band, n in years
            ]
        except PolicyRefused as refusal:
            yield PolicyFault(f"figures.spread_bp.{product}", str(refusal))
            continue
        for (better, rate, permille), (worse, next_rate, next_permille) in pairwise(lent):
            if rate > next_rate or permille < next_permille:
                yield PolicyFault(
                    f"figures.spread_bp.{product}.{better}",
                    (
                        f"on {day} band {better} pays {_percent(rate)} at its term and carries {permille} per mille, "
                        f"the worse band {worse} {_percent(next_rate)} and {next_permille}"
                    ),
                )


def _percent(rate: Fraction) -> str:
    return f"{float(rate):.2%}"


def _edges(policy: Policy, day: date, county: str | None) -> Iterator[PolicyFault]:
    edges = [policy.figure("band_edge_ppm", day, county=county, band=band) for band in BANDS[:-1]]
    if not 0 < min(edges) <= max(edges) < HIGHEST_EDGE_PPM:
        yield PolicyFault("figures.band_edge_ppm", f"an edge is not between 0 and {HIGHEST_EDGE_PPM:,} ppm")
    if any(a >= b for a, b in pairwise(edges)):
        yield PolicyFault("figures.band_edge_ppm", "edges must rise from A to D: bands overlap or leave a gap")


def _compiled(policy: Policy, day: date, county: str | None) -> Iterator[PolicyFault]:
    """Every figure fits the units that the limit reckons in, and every crop has its norm and its need."""
    held = policy.in_force(day, county or "*")
    try:
        policy_tables(held)
    except PolicyRefused as refusal:
        yield PolicyFault("figures", str(refusal))
    known = {norm.crop for norm in held.norms()}
    for crop in sorted({norm.crop for norm in policy.crop_norms}):
        if crop not in known:
            yield PolicyFault(f"crop_norms.{crop}", f"fewer than two complete years are in force on {day}")
        elif policy.find("scale_of_finance", day, county=county, crop=crop) is None:
            yield PolicyFault("figures.scale_of_finance", f"no figure for {crop} is in force on {day}")


def _by_band(
    policy: Policy, name: str, day: date, county: str | None, product: ProductName
) -> list[tuple[BandName, Figure]]:
    """Return what holds for each band, the best first; `_missing` has seen that nothing lacks."""
    found = [(band, policy.find(name, day, county=county, product=product, band=band)) for band in BANDS]
    return [(band, figure) for band, figure in found if figure is not None]


def screen_faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """Name place and fault of every code that means nothing, and of contagion against the law."""
    counted = Counter(code for reason in policy.screen.reasons for code in reason.codes)
    for code, count in counted.items():
        if count > 1:
            yield f"screen.reasons.{code}", f"the code {code} stands {count} times"
    for reason in policy.screen.reasons:
        for code in sorted(set(reason.codes) & set(policy.refused_list_reasons)):
            if reason.colour != "refused":
                yield (
                    f"screen.reasons.{code}",
                    f"the code {code} is {reason.colour}, and stands in refused_list_reasons",
                )
    if policy.screen.contagion.related_party != "any_adult":
        yield "screen.contagion.related_party", "article 40 binds the whole household: only any_adult"
