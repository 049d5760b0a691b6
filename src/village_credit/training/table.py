"""A fitted classifier's table becomes the bins, points and probabilities of a stored scorecard."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from village_credit.score.scorecard import (
    PPM,
    Bin,
    Cell,
    FeaturePoints,
    Missing,
    PairPoints,
    ProbabilityTable,
    ScoreRange,
)
from village_credit.score.statistics import Floats
from village_credit.training.estimator import FeatureTable, ScorecardClassifier, log_odds_of_good
from village_credit.training.fine import Codes
from village_credit.training.pairs import Pair

Direction = Literal["falls", "rises", "free"]
WAYS: dict[Direction, int] = {"falls": -1, "rises": 1, "free": 0}  # of the default probability
SCORE_RANGES = 10


@dataclass(frozen=True)
class FeatureFacts:
    """What the catalogue says of a feature, as the scorecard stores it."""

    name: str
    unit: str
    sources: tuple[str, ...]
    meaning: str
    meaning_zh: str
    direction: Direction


@dataclass(frozen=True)
class Points:
    """A card's points, as it stores them."""

    features: list[FeaturePoints]
    pairs: list[PairPoints]


def stored_points(model: ScorecardClassifier, facts: list[FeatureFacts]) -> Points:
    """Return the features that give anybody points, alone or in a pair, in the catalogue's order; and the pairs."""
    paired = {place for pair in model.pairs_ for place in (pair.first, pair.second)}
    kept = [at for at, table in enumerate(model.table_) if at in paired or len(set(_used_points(table))) > 1]
    parts = [_parts(model, at) for at in range(len(model.table_))]
    features = [_feature(model.table_[at], facts[at], parts[at]) for at in kept]
    return Points(features, [_pair(pair, facts, parts) for pair in model.pairs_])


def scored_with(model: ScorecardClassifier, facts: list[FeatureFacts]) -> dict[str, Any]:
    """Return what a scorecard scores with, by its fields: base, features, pairs, and the probability of every score."""
    stored, base = stored_points(model, facts), int(model.base_points_)
    return {
        "base_points": base,
        "points_to_double_odds": model.points_to_double_odds,
        "features": stored.features,
        "pairs": stored.pairs,
        "probability": probability_table(base, stored, model.points_to_double_odds),
    }


def _parts(model: ScorecardClassifier, at: int) -> list[int]:
    """Return of each fitted bin the place of the stored one: neighbouring ranges of equal points are one.

    Not where a pair parts them. Missing comes last.
    """
    table, found = model.table_[at], [0]
    sides = [pair.first_groups for pair in model.pairs_ if pair.first == at]
    sides += [pair.second_groups for pair in model.pairs_ if pair.second == at]
    for one, two in pairwise(range(len(table.points))):
        is_range = table.fine.levels is None and two < table.ordinary
        is_one = is_range and table.points[one] == table.points[two] and all(g[one] == g[two] for g in sides)
        found.append(found[-1] + (0 if is_one else 1))
    return found


def _pair(pair: Pair, facts: list[FeatureFacts], parts: list[list[int]]) -> PairPoints:
    sides = ((pair.first, pair.first_groups), (pair.second, pair.second_groups))
    first, second = (_grouped(parts[at], groups) for at, groups in sides)
    cells = [
        [Cell(points=int(p), rows=round(float(n)), bads=round(float(b))) for p, n, b in zip(*row, strict=True)]
        for row in zip(pair.points, pair.rows, pair.bads, strict=True)
    ]
    return PairPoints(
        first=facts[pair.first].name,
        second=facts[pair.second].name,
        first_groups=first,
        second_groups=second,
        cells=cells,
    )


def _grouped(parts: list[int], groups: Codes) -> list[list[int]]:
    """Return the stored bins of each group."""
    return [sorted({part for part, one in zip(parts, groups, strict=True) if one == group})
            for group in range(int(groups.max()) + 1)]  # fmt: skip


def _used_points(table: FeatureTable) -> list[int]:
    return [int(point) for point, rows in zip(table.points, table.rows, strict=True) if rows > 0]


def _feature(table: FeatureTable, about: FeatureFacts, parts: list[int]) -> FeaturePoints:
    ordinary = _categories(table) if table.fine.levels is not None else _ranges(table, parts)
    special = [
        Bin(label=f"= {number_text(value)}", special=[value], **_counts(table, table.ordinary + index))
        for index, value in enumerate(table.fine.special)
    ]
    return FeaturePoints(
        name=about.name,
        unit=about.unit,
        sources=list(about.sources),
        meaning=about.meaning,
        meaning_zh=about.meaning_zh,
        direction=about.direction,
        information_value=information_value(table.rows, table.bads),
        bins=ordinary + special,
        missing=Missing(**_counts(table, len(table.points) - 1)),
    )


def _counts(table: FeatureTable, place: int) -> dict[str, int]:
    return {
        "points": int(table.points[place]),
        "rows": round(float(table.rows[place])),
        "bads": round(float(table.bads[place])),
    }


def _ranges(table: FeatureTable, parts: list[int]) -> list[Bin]:
    """Return the ranges; fitted bins of one part are one."""
    groups = table.groups[: table.fine.ordinary]
    edges = [float(table.fine.edges[code]) for code in range(len(groups) - 1) if groups[code] != groups[code + 1]]
    found: list[Bin] = []
    low: float | None = None
    for place, edge in enumerate([*edges, None]):
        counts = _counts(table, place)
        if place and parts[place] == parts[place - 1]:
            last = found.pop()
            counts["rows"] += last.rows
            counts["bads"] += last.bads
            low = found[-1].below if found else None
        found.append(Bin(label=_range_text(low, edge), below=edge, **counts))
        low = edge
    return found


def _categories(table: FeatureTable) -> list[Bin]:
    """Return the groups of categories, the one of rare and unseen words marked."""
    levels = table.fine.levels or ()
    found = []
    for place in range(table.ordinary):
        words = [_word(levels[code]) for code in range(len(levels)) if table.groups[code] == place]
        is_other = bool(table.groups[len(levels)] == place)
        label = ", ".join([*words, *(["(other)"] if is_other else [])])
        found.append(Bin(label=label, categories=words, is_other=is_other, **_counts(table, place)))
    return found


def _word(level: Any) -> str:
    return number_text(level) if isinstance(level, float) else str(level)


def _range_text(low: float | None, high: float | None) -> str:
    if low is None:
        return "all" if high is None else f"< {number_text(high)}"
    return f">= {number_text(low)}" if high is None else f"{number_text(low)} to {number_text(high)}"


def number_text(value: float) -> str:
    """Write a number in full, as a person would: no exponent, no digit that is not needed."""
    text = format(Decimal(repr(value)).normalize(), "f")
    return "0" if text == "-0" else text


def information_value(rows: Floats, bads: Floats) -> float:
    """Sum of the differences of the bads' and goods' shares times the log of their ratio.

    Half a row is added to each.
    """
    seen = rows > 0
    bad, good = bads[seen] + 0.5, rows[seen] - bads[seen] + 0.5
    shares = bad / bad.sum(), good / good.sum()
    return round(float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum()), 4)


def probability_table(base_points: int, points: Points, points_to_double_odds: int) -> ProbabilityTable:
    """Tabulate the probability of every score that the points can give: nothing is computed at run time."""
    cells = [[cell.points for row in pair.cells for cell in row] for pair in points.pairs]
    low = base_points + sum(feature.worst_points for feature in points.features) + sum(min(0, *one) for one in cells)
    high = base_points + sum(feature.best_points for feature in points.features) + sum(max(0, *one) for one in cells)
    odds = log_odds_of_good(np.arange(low, max(high, low + 1) + 1), points_to_double_odds)
    return ProbabilityTable(from_points=low, ppm=np.rint(PPM / (1 + np.exp(odds))).astype(int).tolist())


def score_ranges(scores: Floats) -> list[ScoreRange]:
    """Cut training scores into about ten ranges of like size: what later runs are compared with."""
    cuts = np.unique(np.quantile(scores, np.linspace(0, 1, SCORE_RANGES + 1)[1:-1], method="higher")).astype(int)
    counts = np.bincount(np.searchsorted(cuts, scores, side="right"), minlength=len(cuts) + 1)
    return [ScoreRange(below=edge, rows=int(rows)) for edge, rows in zip([*cuts.tolist(), None], counts, strict=True)]
