"""An additive logistic fit by steps whose increments are shrunk: neighbouring ranges lend each other strength.

Each feature is a step function over its fine codes. Of an ordered feature the increments from step to step are
penalised (a random walk as prior) about an even ramp, whose own penalty is weaker, and bounded to one sign where the
committee says how the risk must move; categories, special values and missing are penalised towards the population's
mean. Solved by L-BFGS-B.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import block_diag, csr_matrix

from village_credit.score.statistics import Floats
from village_credit.training.fine import Codes, Fine, summed

MAX_ROUNDS = 120
CHANGE = 1e-7  # of the mean loss, below which the fit has arrived
SCALE = 2.0  # of a whole feature's walk against a category's effect


@dataclass(frozen=True)
class Steps:
    """Log odds of bad: an intercept and, per feature, one value a fine code."""

    intercept: float
    values: list[Floats]

    def score(self, codes: Codes) -> Floats:
        """Sum the values of rows × features codes."""
        total = np.full(len(codes), self.intercept)
        for place, value in enumerate(self.values):
            total += value[codes[:, place]]
        return total


def mean_steps(parts: Sequence[Steps]) -> Steps:
    """Average step functions."""
    count = range(len(parts[0].values))
    return Steps(
        float(np.mean([part.intercept for part in parts])),
        [np.mean([part.values[place] for part in parts], axis=0) for place in count],
    )


class SmoothFit:
    """Rows of a bag, ready to be fitted under several penalties; each start is the fit before."""

    def __init__(
        self,
        codes: Codes,
        is_bad: Floats,
        weight: Floats,
        features: Sequence[Fine],
        directions: Sequence[int],
        ramp: float = SCALE,
    ) -> None:
        sizes = [feature.size for feature in features]
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        rows, count = codes.shape
        places = (codes + self.starts[:-1].astype(np.int32)).ravel()
        self.is_at = csr_matrix(
            (np.ones(rows * count), places, np.arange(rows + 1) * count), shape=(rows, int(self.starts[-1]))
        )
        self.is_bad, self.weight, self.total = is_bad, weight, float(weight.sum())
        blocks = [
            _basis(feature, summed(codes[:, place], weight, feature.size), ramp)
            for place, feature in enumerate(features)
        ]
        self.basis: csr_matrix = block_diag(blocks, format="csr")
        self.turned: csr_matrix = self.basis.T.tocsr()
        self.bounds = [(None, None)] + [
            bound for f, way in zip(features, directions, strict=True) for bound in _bounds(f, way)
        ]
        rate = float((weight * is_bad).sum() / self.total)
        self.found = np.zeros(self.basis.shape[1] + 1)
        self.found[0] = np.log(rate / (1 - rate))

    def fit(self, strength: float) -> Steps:
        """Fit under a penalty of 1/strength, in units of one row's loss."""
        done = minimize(
            self._loss,
            self.found,
            args=(1.0 / strength,),
            jac=True,
            method="L-BFGS-B",
            bounds=self.bounds,
            options={"maxiter": MAX_ROUNDS, "ftol": CHANGE, "maxcor": 20},
        )
        self.found = done.x
        flat = self.basis @ self.found[1:]
        return Steps(float(self.found[0]), [flat[a:b] for a, b in zip(self.starts[:-1], self.starts[1:], strict=True)])

    def _loss(self, found: Floats, penalty: float) -> tuple[float, Floats]:
        """Mean log loss and half the penalty, with their slope."""
        flat = self.basis @ found[1:]
        odds = found[0] + self.is_at @ flat
        loss = (self.weight * (np.logaddexp(0, odds) - self.is_bad * odds)).sum() + penalty / 2 * (found[1:] ** 2).sum()
        off = self.weight * (1 / (1 + np.exp(-odds)) - self.is_bad)
        by_code = self.is_at.T @ off
        slope = np.concatenate([[off.sum()], self.turned @ by_code + penalty * found[1:]])
        return loss / self.total, slope / self.total


def _basis(feature: Fine, weight: Floats, ramp: float) -> Floats:
    """Say how a feature's parameters make its values: a ramp and increments (centred on known rows), then the rest.

    `ramp`: how far one unit of the ramp's parameter leads from the first code to the last.
    """
    k = feature.ordinary
    rest = np.eye(feature.size - k)
    if not feature.is_ordered:
        return np.eye(feature.size)
    climbs = (np.arange(k)[:, None] > np.arange(k - 1)[None, :]) * (SCALE / np.sqrt(max(k - 1, 1)))
    even = np.arange(k)[:, None] * (ramp / max(k - 1, 1))
    walk = np.hstack([even, climbs])[:, : k if k > 1 else 0]
    known = weight[:k]
    if known.sum() > 0 and k > 1:
        walk = walk - (known @ walk) / known.sum()
    return np.block([[walk, np.zeros((k, len(rest)))], [np.zeros((len(rest), walk.shape[1])), rest]])


def _bounds(feature: Fine, way: int) -> list[tuple[float | None, float | None]]:
    """Bound an ordered feature's ramp and increments to one sign; nothing else."""
    free: tuple[float | None, float | None] = (None, None)
    if not feature.is_ordered:
        return [free] * feature.size
    step = {1: (0.0, None), -1: (None, 0.0), 0: free}[way]
    walk = feature.ordinary if feature.ordinary > 1 else 0
    return [step] * walk + [free] * (feature.size - feature.ordinary)
