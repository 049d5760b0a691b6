"""A decision becomes the message that its household gets: the same limit and the same binding reason as `explain`.

Sentences are data, a file a language in `messages/`; a run keeps codes and figures.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from data_contracts.reasons import DECISION_REASONS
from village_credit.errors import UsageError

REASONS_TOLD = 3  # of a declined score: the features that lost most points
FIGURES = ("limit_yuan", "term_months", "valid_from", "valid_to")


@dataclass(frozen=True)
class Messages:
    """The sentences of one language: by decision, product, reason code, and feature that cost points."""

    version: str
    reviewed_by: str  # empty: by no native speaker yet
    season: str
    cost: str
    no_charges: str
    charge: str
    bases: Mapping[str, str]
    because: str
    between: str
    decisions: Mapping[str, str]
    products: Mapping[str, str]
    reasons: Mapping[str, str]
    points_lost: Mapping[str, str]


def languages() -> tuple[str, ...]:
    """Name the languages that messages are written in."""
    folder = resources.files("village_credit.report").joinpath("messages")
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


@cache
def messages(language: str = "zh") -> Messages:
    """Read a language's sentences; raises UsageError where nobody wrote them."""
    if language not in languages():
        raise UsageError(
            f"--lang {language}: messages are written in {', '.join(languages())} only; what is sent, `notify` writes "
            f"in the languages of the county's terms"
        )
    text = resources.files("village_credit.report").joinpath(f"messages/{language}.toml").read_text(encoding="utf-8")
    return Messages(**({"reasons": DECISION_REASONS, "points_lost": {}} | tomllib.loads(text)))


def percent(value: int, whole: int) -> str:
    """Write a share of a whole as a percentage with two decimals at least, exactly."""
    text = format(Decimal(value) * 100 / whole, "f")
    number, _, decimals = text.partition(".")
    return f"{number}.{decimals.rstrip('0'):0<2}%"


def cost_of(decision: dict[str, Any], charges: list[dict[str, Any]], said: Messages) -> str:
    """Say what a line costs: the yearly rate, each charge with its payee, and what all of it comes to a year.

    Nothing of a run that is older than these figures.
    """
    if decision.get("annual_cost_bp") is None:
        return ""
    mine = [
        said.charge.format(
            charge=one["charge"],
            payee=one["payee"],
            basis=said.bases[one["basis"]],
            share=percent(one["share_ppm"], 1_000_000),
        )
        for one in charges
        if one["product"] == decision["product"]
    ]
    return said.cost.format(
        annual_rate=percent(decision["annual_rate_bp"], 10_000),
        charges=said.between.join(mine) if mine else said.no_charges,
        annual_cost=percent(decision["annual_cost_bp"], 10_000),
    )


def notice(
    decision: dict[str, Any],
    points_lost: list[dict[str, str]],
    said: Messages,
    charges: Iterable[dict[str, Any]] = (),
    seasons: Iterable[dict[str, Any]] = (),
) -> str:
    """Write one household's message from its stored decision.

    Who is declined for the score is told what cost most points; who is granted, what the line costs.
    `points_lost`: feature and reason_zh of what cost points, most first; another language has words of its own.
    `charges`: what its run says that products cost beside their interest; `seasons`: the line's own.
    """
    codes = decision["reason_codes"] or [decision["binding_term"]]
    reason = said.reasons.get(codes[0], codes[0])
    if codes[0] == "LOWEST_BAND" and points_lost:
        told = points_lost[:REASONS_TOLD]
        features = said.between.join(said.points_lost.get(one["feature"], one["reason_zh"]) for one in told)
        reason = said.because.format(reason=reason, features=features)
    figures = {name: decision[name] for name in FIGURES}
    return said.decisions[decision["decision"]].format(
        product=said.products[decision["product"]],
        reason=reason,
        cost="".join(said.season.format(**one) for one in seasons) + cost_of(decision, list(charges), said),
        **figures,
    )
