"""Two policies as a county has them on a day each: what of them differs, and the older with one such thing changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from village_credit.policy.compiled import policy_tables
from village_credit.policy.model import CropNorm, Figure, Policy, PolicyInForce

ALWAYS = date(1, 1, 1)
SECTIONS = (
    "residual_crop",
    "refused_list_reasons",
    "budget_rule",
    "products",
    "service_area",
    "relief",
    "screen",
    "charges",
)
LEVELS = ("village", "township", "county")
Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Changed:
    """One thing that a new policy has otherwise.

    `name`: a figure's, or a section of the file; `whom`: for which product, band or crop, empty: for all. `before`,
    `after`: its value, None where a policy has none or it is no single figure.
    """

    key: Key
    name: str
    whom: str
    before: str | None
    after: str | None


def pinned(figures: PolicyInForce) -> Policy:
    """Return a policy that has on every day what a county has on one: no figure of another day or county."""
    held = [figure for figure in figures.policy.figures if _is_of(figure, figures)]
    last = {_key(figure): figure for figure in sorted(held, key=_rank)}
    norms = [norm for crop in sorted({n.crop for n in figures.policy.crop_norms}) for norm in figures.norm_years(crop)]
    charges = tuple(one for one in figures.policy.charges if one.from_ <= figures.as_of)
    update = {
        "figures": [figure.model_copy(update={"from_": ALWAYS}) for figure in last.values()],
        "crop_norms": [norm.model_copy(update={"from_": ALWAYS}) for norm in norms],
        "charges": charges,
    }
    return figures.policy.model_copy(update=update)


def _is_of(figure: Figure, figures: PolicyInForce) -> bool:
    return figure.from_ <= figures.as_of and figure.county in (None, figures.county_code)


def _rank(figure: Figure) -> tuple[bool, date]:
    """Of a figure for all counties and one's own, the own; among these the latest."""
    return figure.county is not None, figure.from_


def changes(before: Policy, after: Policy) -> list[Changed]:
    """Return what differs between two pinned policies, figure by figure, crop by crop, section by section."""
    parts = [(_by_key(policy)) for policy in (before, after)]
    keys = dict.fromkeys([*parts[0], *parts[1]])
    return [_changed(key, *(part.get(key) for part in parts)) for key in keys if _differ(*(p.get(key) for p in parts))]


def _by_key(policy: Policy) -> dict[Key, Any]:
    figures: dict[Key, Any] = {_key(figure): figure for figure in policy.figures}
    for norm in policy.crop_norms:
        figures.setdefault(("crop_norms", norm.crop), []).append(norm)
    return figures | {(name,): getattr(policy, name) for name in SECTIONS}


def _key(figure: Figure) -> Key:
    return (figure.name, *figure.keys()[1:])


def _differ(before: Any, after: Any) -> bool:
    return bool(_said(before) != _said(after))


def _said(value: Any) -> Any:
    """Return what of a figure or a crop's years decides; nothing of where it was written down."""
    if isinstance(value, Figure):
        return value.value
    if isinstance(value, list) and value and isinstance(value[0], CropNorm):
        return [one.model_dump(exclude={"county", "reference", "verified"}) for one in value]
    return value


def _changed(key: Key, before: Any, after: Any) -> Changed:
    whom = ", ".join(str(word) for word in key[1:] if word is not None)
    told = [str(one.value) if isinstance(one, Figure) else None for one in (before, after)]
    return Changed(key, str(key[0]), whom, told[0], told[1])


def with_one(before: Policy, after: Policy, changed: Iterable[Key]) -> Policy:
    """Return the pinned policy `before` with some things as `after` has them."""
    keys = set(changed)
    figures = [figure for figure in before.figures if _key(figure) not in keys]
    figures += [figure for figure in after.figures if _key(figure) in keys]
    crops = {key[1] for key in keys if key[0] == "crop_norms"}
    norms = [norm for norm in before.crop_norms if norm.crop not in crops]
    norms += [norm for norm in after.crop_norms if norm.crop in crops]
    sections = {str(key[0]): getattr(after, str(key[0])) for key in keys if key[0] in SECTIONS}
    return before.model_copy(update={"figures": figures, "crop_norms": norms, **sections})


def deciding(figures: PolicyInForce) -> dict[str, Any]:
    """Return all of a policy that limits hang on, to be compared; what shares budgets out only where there is one."""
    tables = {name: table.to_pylist() for name, table in policy_tables(figures).items()}
    caps = [figures.cap(level) for level in LEVELS]
    return tables | {"legal_refusals": figures.policy.relief.legal_refusals, "budgets": _budgets(figures, caps)}


def _budgets(figures: PolicyInForce, caps: list[int | None]) -> list[Any]:
    if all(cap is None for cap in caps):
        return []
    names = ("margin_bp", "loss_given_default")
    shares = [(f.keys(), f.value) for f in figures.policy.figures if f.name in names]
    return [caps, figures.policy.budget_rule, sorted(map(str, shares))]
