"""Bags of rows are fitted in several ways; the rows left out of each bag choose tunings, grid and blend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from village_credit.score.statistics import Floats
from village_credit.training.boosted import FINER_RATE, FINER_ROUNDS, LEARNING_RATE, ROUNDS, fit_boosted
from village_credit.training.fine import Codes, Fine, coarser_codes
from village_credit.training.smooth import SmoothFit, Steps, mean_steps
from village_credit.training.woe import fit_woe

METHODS = ("woe", "smooth", "boosted")
FINER = "finer"  # boosted trees on the finer grid
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
RAMPS = (2.0, 8.0)  # of a feature's even slope; a walk has 2
BAG_SHARE = 0.7  # of each class's rows in a bag; the rest are left out and judge
QUARTERS = 4  # blends are whole quarters
FEWEST = 20  # rows of the rarer class, for bags at all
FEWEST_FINER = 2_000  # rows for a finer grid: of fewer its ranges hold next to none
Tuned = tuple[str, float, float]  # method; rounds, or strength and ramp


@dataclass(frozen=True)
class Rows:
    """Training rows. `codes`: rows × features; `is_bad` 0 or 1; `weight`."""

    codes: Codes
    is_bad: Floats
    weight: Floats

    def part(self, chosen: NDArray[np.int64]) -> Rows:
        """Return some of the rows."""
        return Rows(self.codes[chosen], self.is_bad[chosen], self.weight[chosen])


@dataclass(frozen=True)
class Plan:
    """What is fitted: features on both grids, directions, methods, how many bags, and the seed of their drawing."""

    features: Sequence[Fine]
    finer: Sequence[Fine]
    directions: Sequence[int]
    methods: Sequence[str]
    bags: int
    seed: int

    @property
    def has_finer(self) -> bool:
        """Say whether a finer grid says more: some feature has more values than the coarse one has ranges."""
        sizes = ([feature.size for feature in grid] for grid in (self.features, self.finer))
        return "boosted" in self.methods and next(sizes) != next(sizes)

    @property
    def places(self) -> list[Codes]:
        """Each feature's coarse code by its fine one."""
        return [coarser_codes(fine, coarse) for fine, coarse in zip(self.finer, self.features, strict=True)]

    def coarsened(self, rows: Rows) -> Rows:
        """Return rows of the finer grid on the coarse one."""
        codes = np.column_stack([place[rows.codes[:, at]] for at, place in enumerate(self.places)])
        return Rows(codes, rows.is_bad, rows.weight)


@dataclass(frozen=True)
class Blend:
    """`steps`: the blended functions; `shares` and tuning (`tuned`) of each method.

    Odds are calibrated as intercept + slope x score. `is_finer`: whether the steps are on the finer grid.
    """

    steps: Steps
    shares: dict[str, float]
    tuned: dict[str, Tuned]
    intercept: float
    slope: float
    is_finer: bool = False


@dataclass(frozen=True)
class Blended:
    """A blend, and of each row the log odds of bad by the bags that left it out; NaN where every bag had it."""

    blend: Blend
    left_out: Floats


def fit_blend(rows: Rows, plan: Plan) -> Blended:
    """Fit every method on bags of rows and blend them; `rows` are coded on the finer grid.

    With too few rows the smooth steps alone, under a strong penalty. The finer grid counts where the rows left out
    lose less by it, by more than one standard error.
    """
    with threadpool_limits(1):  # small steps: threads that share a busy machine mostly wait for each other
        return _fit_blend(rows, plan)


def _fit_blend(rows: Rows, plan: Plan) -> Blended:
    coarse = plan.coarsened(rows)
    few = min(int((rows.is_bad > 0).sum()), int((rows.is_bad == 0).sum()))
    if few < FEWEST:
        return Blended(_without_bags(coarse, plan), np.full(len(rows.codes), np.nan))
    bags = _Bags(coarse, plan)
    if len(rows.codes) >= FEWEST_FINER and plan.has_finer and bags.add_finer(rows, range(1)) and bags.gains(1):
        bags.add_finer(rows, range(1, plan.bags))
        if bags.gains(plan.bags):
            return bags.best((*plan.methods, FINER), plan.bags)
    return bags.best(plan.methods, plan.bags)


def _without_bags(rows: Rows, plan: Plan) -> Blend:
    """Fit few rows once: nothing is left out, so nothing is chosen."""
    given = rows.codes, rows.is_bad, rows.weight, plan.features, plan.directions
    if tuple(plan.methods) == ("woe",):
        return Blend(fit_woe(*given), {"woe": 1.0}, {}, 0.0, 1.0)
    return Blend(SmoothFit(*given).fit(STRENGTHS[2]), {"smooth": 1.0}, {}, 0.0, 1.0)


class _Bags:
    """The fits of every bag, and what the rows left out of it say of them."""

    def __init__(self, rows: Rows, plan: Plan) -> None:
        self.rows, self.plan = rows, plan
        self.drawn = _draw(rows.is_bad, plan.bags, plan.seed)
        self.left_out = [np.setdiff1d(np.arange(len(rows.codes)), drawn) for drawn in self.drawn]
        self.fits = [_fits(rows.part(drawn), plan, plan.seed + bag) for bag, drawn in enumerate(self.drawn)]
        self.scores: dict[Tuned, list[Floats]] = {}
        self._score(rows.codes, dict(enumerate(self.fits)))

    def add_finer(self, rows: Rows, bags: range) -> bool:
        """Boost on the finer grid, on some of the bags, in their order."""
        found = {}
        for bag in bags:
            some = rows.part(self.drawn[bag])
            given = some.codes, some.is_bad, some.weight, self.plan.finer, self.plan.directions
            found[bag] = _stages(FINER, *given, self.plan.seed + bag, FINER_ROUNDS, FINER_RATE)
            self.fits[bag] |= found[bag]
        self._score(rows.codes, found)
        return True

    def _score(self, codes: Codes, fits: dict[int, dict[Tuned, Steps]]) -> None:
        for bag, fit in fits.items():
            for tuned, steps in fit.items():
                self.scores.setdefault(tuned, []).append(steps.score(codes[self.left_out[bag]]))

    def gains(self, bags: int) -> bool:
        """Say whether by the finer grid the rows left out of the first bags lose less.

        By more than one standard error; where there is only one bag of several, by anything.
        """
        plain, fine = self.best(self.plan.methods, bags), self.best((*self.plan.methods, FINER), bags)
        gain = self._loss(plain) - self._loss(fine)
        least = gain.std(ddof=1) / np.sqrt(len(gain)) if bags == len(self.drawn) else 0.0
        return bool(gain.mean() > least)

    def _loss(self, found: Blended) -> Floats:
        """Return the weighted loss of each row that some bag left out."""
        judged = np.isfinite(found.left_out)
        return row_loss(found.left_out[judged], self.rows.is_bad[judged], self.rows.weight[judged])

    def best(self, methods: Sequence[str], bags: int) -> Blended:
        """Tune each method, then blend them, by the least loss of the rows left out of the first bags."""
        tuned = {method: self._tune(method, bags) for method in methods}
        scores = {method: self._left_out_score(tune, bags) for method, tune in tuned.items()}
        judged = np.isfinite(next(iter(scores.values())))
        is_bad, weight = self.rows.is_bad[judged], self.rows.weight[judged]
        shares = _best_shares({m: s[judged] for m, s in scores.items()}, is_bad, weight)
        blended = np.sum([shares[m] * scores[m] for m in methods], axis=0)
        intercept, slope = fit_line(blended[judged], is_bad, weight)
        parts = {m: self._mean(tune, bags, is_finer=FINER in methods) for m, tune in tuned.items()}
        blend = Blend(_mix(parts, shares), shares, tuned, intercept, slope, FINER in methods)
        return Blended(blend, intercept + slope * blended)

    def _tune(self, method: str, bags: int) -> Tuned:
        """Return the tuning under which the rows left out lose least."""
        losses = {
            tuned: sum(
                log_loss(score, self.rows.is_bad[rows], self.rows.weight[rows])
                for score, rows in zip(scores[:bags], self.left_out, strict=False)
            )
            for tuned, scores in self.scores.items()
            if tuned[0] == method
        }
        return min(losses, key=lambda tuned: (losses[tuned], tuned))

    def _left_out_score(self, tuned: Tuned, bags: int) -> Floats:
        """Score each row by the mean of the bags that never saw it; NaN where every bag did."""
        total, times = np.zeros(len(self.rows.codes)), np.zeros(len(self.rows.codes))
        for score, rows in zip(self.scores[tuned][:bags], self.left_out, strict=False):
            total[rows] += score
            times[rows] += 1
        return np.where(times > 0, total / np.maximum(times, 1), np.nan)

    def _mean(self, tuned: Tuned, bags: int, *, is_finer: bool) -> Steps:
        """Average the bags' steps, laid out on the finer grid where that is asked."""
        steps = mean_steps([fit[tuned] for fit in self.fits[:bags]])
        if not is_finer or tuned[0] == FINER:
            return steps
        return Steps(
            steps.intercept, [value[place] for value, place in zip(steps.values, self.plan.places, strict=True)]
        )


def _draw(is_bad: Floats, bags: int, seed: int) -> list[NDArray[np.int64]]:
    """Draw each bag's rows, class by class, in order."""
    chance = np.random.default_rng(seed)
    kinds = [np.flatnonzero(is_bad == kind) for kind in (0.0, 1.0)]
    return [
        np.sort(np.concatenate([chance.choice(kind, round(BAG_SHARE * len(kind)), replace=False) for kind in kinds]))
        for _ in range(bags)
    ]


def _fits(rows: Rows, plan: Plan, seed: int) -> dict[Tuned, Steps]:
    """Fit one bag every way and under every tuning: method and tuning → steps."""
    given = rows.codes, rows.is_bad, rows.weight, plan.features, plan.directions
    found: dict[Tuned, Steps] = {}
    if "woe" in plan.methods:
        found["woe", 0.0, 0.0] = fit_woe(*given)
    for ramp in RAMPS if "smooth" in plan.methods else ():
        smooth = SmoothFit(*given, ramp)
        found |= {("smooth", strength, ramp): smooth.fit(strength) for strength in STRENGTHS}
    if "boosted" in plan.methods:
        found |= _stages("boosted", *given, seed, ROUNDS, LEARNING_RATE)
    return found


def _stages(
    name: str,
    codes: Codes,
    is_bad: Floats,
    weight: Floats,
    features: Sequence[Fine],
    directions: Sequence[int],
    seed: int,
    most: int,
    rate: float,
) -> dict[Tuned, Steps]:
    """Boost up to so many rounds, and keep the steps after each stage by its rounds."""
    boosted = fit_boosted(codes, is_bad, weight, features, directions, seed, most, rate)
    return {(name, float(done), 0.0): steps for done, steps in zip(boosted.rounds, boosted.steps, strict=True)}


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


def row_loss(odds: Floats, is_bad: Floats, weight: Floats) -> Floats:
    """Return each row's weighted loss of log odds of bad."""
    found: Floats = weight * (np.logaddexp(0, odds) - is_bad * odds)
    return found


def log_loss(odds: Floats, is_bad: Floats, weight: Floats) -> float:
    """Mean loss of log odds of bad."""
    return float(row_loss(odds, is_bad, weight).sum() / weight.sum())


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
