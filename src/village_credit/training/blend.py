"""Bags of rows are fitted three ways; the rows left out of each bag choose how strongly to shrink and how to blend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from village_credit.score.statistics import Floats
from village_credit.training.boosted import fit_boosted
from village_credit.training.fine import Codes, Fine
from village_credit.training.smooth import SmoothFit, Steps, mean_steps
from village_credit.training.woe import fit_woe

METHODS = ("woe", "smooth", "boosted")
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
BAG_SHARE = 0.7  # of each class's rows in a bag; the rest are left out and judge
QUARTERS = 4  # blends are whole quarters
FEWEST = 20  # rows of the rarer class, for bags at all


@dataclass(frozen=True)
class Blend:
    """`steps`: the blended functions; `shares` of each method; odds are calibrated as intercept + slope x score."""

    steps: Steps
    shares: dict[str, float]
    strength: float
    rounds: int
    intercept: float
    slope: float


def fit_blend(
    codes: Codes,
    is_bad: Floats,
    weight: Floats,
    features: Sequence[Fine],
    directions: Sequence[int],
    methods: Sequence[str],
    bags: int,
    seed: int,
) -> Blend:
    """Fit every method on bags of rows and blend them.

    With too few rows the smooth steps alone, under a strong penalty.
    """
    with threadpool_limits(1):  # small steps: threads that share a busy machine mostly wait for each other
        return _fit_blend(codes, is_bad, weight, features, directions, methods, bags, seed)


def _fit_blend(
    codes: Codes,
    is_bad: Floats,
    weight: Floats,
    features: Sequence[Fine],
    directions: Sequence[int],
    methods: Sequence[str],
    bags: int,
    seed: int,
) -> Blend:
    few = min(int((is_bad > 0).sum()), int((is_bad == 0).sum()))
    if few < FEWEST:
        return _without_bags(codes, is_bad, weight, features, directions, methods)
    fits: list[dict[tuple[str, float], Steps]] = []
    left_out: list[NDArray[np.int64]] = []
    for bag, drawn in enumerate(_draw(is_bad, bags, seed)):
        part = codes[drawn], is_bad[drawn], weight[drawn]
        fits.append(_fits(*part, features, directions, methods, seed + bag))
        left_out.append(np.setdiff1d(np.arange(len(codes)), drawn))
    tuned = {method: _best_tuned(fits, left_out, codes, is_bad, weight, method) for method in methods}
    scores = {method: _left_out_scores(fits, left_out, codes, (method, tune)) for method, tune in tuned.items()}
    judged = np.isfinite(next(iter(scores.values())))
    shares = _best_shares({m: s[judged] for m, s in scores.items()}, is_bad[judged], weight[judged])
    blended = np.sum([shares[m] * scores[m] for m in methods], axis=0)[judged]
    intercept, slope = fit_line(blended, is_bad[judged], weight[judged])
    parts = {method: mean_steps([fit[method, tuned[method]] for fit in fits]) for method in methods}
    return Blend(_mix(parts, shares), shares, tuned.get("smooth", 0.0), int(tuned.get("boosted", 0)), intercept, slope)


def _without_bags(
    codes: Codes,
    is_bad: Floats,
    weight: Floats,
    features: Sequence[Fine],
    directions: Sequence[int],
    methods: Sequence[str],
) -> Blend:
    """Fit few rows once: nothing is left out, so nothing is chosen."""
    if tuple(methods) == ("woe",):
        return Blend(fit_woe(codes, is_bad, weight, features, directions), {"woe": 1.0}, 0.0, 0, 0.0, 1.0)
    steps = SmoothFit(codes, is_bad, weight, features, directions).fit(STRENGTHS[2])
    return Blend(steps, {"smooth": 1.0}, STRENGTHS[2], 0, 0.0, 1.0)


def _draw(is_bad: Floats, bags: int, seed: int) -> list[NDArray[np.int64]]:
    """Draw each bag's rows, class by class, in order."""
    chance = np.random.default_rng(seed)
    kinds = [np.flatnonzero(is_bad == kind) for kind in (0.0, 1.0)]
    return [
        np.sort(np.concatenate([chance.choice(kind, round(BAG_SHARE * len(kind)), replace=False) for kind in kinds]))
        for _ in range(bags)
    ]


def _fits(
    codes: Codes,
    is_bad: Floats,
    weight: Floats,
    features: Sequence[Fine],
    directions: Sequence[int],
    methods: Sequence[str],
    seed: int,
) -> dict[tuple[str, float], Steps]:
    """Fit one bag every way and under every tuning: method and tuning → steps."""
    found: dict[tuple[str, float], Steps] = {}
    if "woe" in methods:
        found["woe", 0.0] = fit_woe(codes, is_bad, weight, features, directions)
    if "smooth" in methods:
        smooth = SmoothFit(codes, is_bad, weight, features, directions)
        found |= {("smooth", strength): smooth.fit(strength) for strength in STRENGTHS}
    if "boosted" in methods:
        boosted = fit_boosted(codes, is_bad, weight, features, directions, seed)
        found |= {("boosted", float(done)): steps for done, steps in zip(boosted.rounds, boosted.steps, strict=True)}
    return found


def _best_tuned(
    fits: list[dict[tuple[str, float], Steps]],
    left_out: list[NDArray[np.int64]],
    codes: Codes,
    is_bad: Floats,
    weight: Floats,
    method: str,
) -> float:
    """Return the tuning under which the rows left out lose least."""
    losses: dict[float, float] = {}
    for fit, rows in zip(fits, left_out, strict=True):
        for (name, tune), steps in fit.items():
            if name == method:
                loss = log_loss(steps.score(codes[rows]), is_bad[rows], weight[rows])
                losses[tune] = losses.get(tune, 0.0) + loss
    return min(losses, key=lambda tune: (losses[tune], tune))


def _left_out_scores(
    fits: list[dict[tuple[str, float], Steps]], left_out: list[NDArray[np.int64]], codes: Codes, key: tuple[str, float]
) -> Floats:
    """Score each row by the mean of the bags that never saw it; NaN where every bag did."""
    total, times = np.zeros(len(codes)), np.zeros(len(codes))
    for fit, rows in zip(fits, left_out, strict=True):
        total[rows] += fit[key].score(codes[rows])
        times[rows] += 1
    return np.where(times > 0, total / np.maximum(times, 1), np.nan)


def _best_shares(scores: dict[str, Floats], is_bad: Floats, weight: Floats) -> dict[str, float]:
    """Return the blend in quarters that loses least once it is calibrated."""
    best: tuple[float, tuple[int, ...]] | None = None
    for quarters in product(range(QUARTERS + 1), repeat=len(scores)):
        if sum(quarters) == QUARTERS:
            odds = np.sum([q / QUARTERS * s for q, s in zip(quarters, scores.values(), strict=True)], axis=0)
            intercept, slope = fit_line(odds, is_bad, weight)
            loss = log_loss(intercept + slope * odds, is_bad, weight)
            if best is None or loss < best[0] - 1e-12:
                best = loss, quarters
    assert best is not None  # noqa: S101  # a single method has one blend: itself
    return {method: q / QUARTERS for method, q in zip(scores, best[1], strict=True)}


def _mix(parts: dict[str, Steps], shares: dict[str, float]) -> Steps:
    """Add step functions by their shares."""
    count = range(len(next(iter(parts.values())).values))
    return Steps(
        float(sum(shares[m] * part.intercept for m, part in parts.items())),
        [np.sum([shares[m] * part.values[i] for m, part in parts.items()], axis=0) for i in count],
    )


def log_loss(odds: Floats, is_bad: Floats, weight: Floats) -> float:
    """Mean loss of log odds of bad."""
    return float((weight * (np.logaddexp(0, odds) - is_bad * odds)).sum() / weight.sum())


def fit_line(score: Floats, is_bad: Floats, weight: Floats) -> tuple[float, float]:
    """Fit the log odds of bad as a line of a score, by Newton's method; the slope is never negative."""
    spread = float(np.sqrt(np.average((score - np.average(score, weights=weight)) ** 2, weights=weight)))
    usual = float(np.average(is_bad, weights=weight))
    if spread < 1e-9 or not 0 < usual < 1:
        return float(np.log(usual / (1 - usual))) - float(np.average(score, weights=weight)), 1.0

    def loss(given: Floats) -> tuple[float, Floats]:
        odds = given[0] + given[1] * score
        off = weight * (1 / (1 + np.exp(-odds)) - is_bad)
        slope = np.array([off.sum(), off @ score])
        # a slope without bound, where scores part the classes, is held back a little
        return log_loss(odds, is_bad, weight) + 1e-4 * given[1] ** 2, slope / weight.sum() + [0, 2e-4 * given[1]]

    done = minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[(None, None), (0.0, None)])
    return float(done.x[0]), float(done.x[1])
