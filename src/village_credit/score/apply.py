"""A scorecard and features become points per feature, a sum, a default probability in ppm, and ranked reasons.

A kernel over whole columns: each value finds its bin by binary search, each bin its points in a table. A feature's
points lost are the most that it can give less what it gives; reasons are features by points lost, most first, in
the scorecard's order where they lose the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_contracts.reasons import POINTS_LOST
from village_credit.score.scorecard import BOTH, MISSING, MISSING_WORDS, FeaturePoints, Scorecard, cell_points

CHUNK = 1 << 15  # rows
REASONS = 4  # at most told of a household
THREADS = 2
Ints = NDArray[np.int64]
Small = NDArray[np.int16]


@dataclass(frozen=True)
class Kernel:
    """What every row scored: `bins` and `points` (features, rows), `paired` (pairs, rows), `total` and `ppm` (rows,).

    A feature's bins are numbered as the scorecard lists them, missing last.
    """

    card: Scorecard
    bins: NDArray[np.int8]
    points: Small
    paired: Small
    total: Ints
    ppm: Ints

    def lost(self) -> Small:
        """Return what each feature alone at its best would add, all others as they stand; shape (features, rows)."""
        best = np.array([feature.best_points for feature in self.card.features], dtype=np.int16)
        found: Small = best[:, None] - self.points
        for place, lost in self._lost_in_pairs(slice(None)).items():
            found[place] = lost
        return found

    def _lost_in_pairs(self, rows: slice) -> dict[int, Small]:
        """Return the same of each feature that is in a pair, by its place: its best depends on the others' bins."""
        grids = pair_grids(self.card)
        found = {}
        for place in sorted({place for one, two, _ in grids for place in (one, two)}):
            of_pairs = [at for at, (one, two, _) in enumerate(grids) if place in {one, two}]
            others = [grids[at][1] if grids[at][0] == place else grids[at][0] for at in of_pairs]
            best = _best_beside([grids[at][2] if grids[at][0] == place else grids[at][2].T for at in of_pairs],
                                points_by_bin(self.card.features[place]))  # fmt: skip
            lost = _looked_up(best, [self.bins[other, rows] for other in others]) - self.points[place, rows]
            for at in of_pairs:
                lost -= self.paired[at, rows]
            found[place] = lost
        return found

    def needed(self, edges_ppm: Sequence[int]) -> Ints:
        """Return the least points more with which a row would be in a better band; more than there are where none is.

        `edges_ppm`: upper edges of bands; a probability below one is in its band or a better one.
        """
        table = np.array(self.card.probability.ppm)
        from_points = self.card.probability.from_points
        reached = np.sort([from_points + int((table >= edge).sum()) for edge in edges_ppm])
        never = int(np.iinfo(np.int32).max)
        found: Ints = np.append(reached, never)[np.searchsorted(reached, self.total, side="right")] - self.total
        return found

    def ranking(self, most: int | None = None) -> NDArray[np.int8]:
        """Return the places of the features that lose most, first first; shape (most or features, rows)."""
        count, rows = self.points.shape
        best = np.array([feature.best_points for feature in self.card.features])
        spread = int((best - [feature.worst_points for feature in self.card.features]).max())
        spread += sum(int(np.ptp(grid)) for _, _, grid in pair_grids(self.card))
        # one whole number a feature and row sorts by points lost, then by the scorecard's order
        fits = (spread + 1) * count < np.iinfo(np.int16).max
        tops = (best * count + np.arange(count - 1, -1, -1)).astype(np.int16 if fits else np.int32)
        found = np.empty((min(most or count, count), rows), dtype=np.int8)
        for start in range(0, rows, CHUNK):
            part = slice(start, start + CHUNK)
            keys = tops[:, None] - self.points[:, part].astype(tops.dtype) * count
            for place, lost in self._lost_in_pairs(part).items():
                keys[place] = lost.astype(tops.dtype) * count + (count - 1 - place)
            sort_columns(keys)
            found[:, part] = count - 1 - keys[::-1][: len(found)] % count
        return found


@dataclass(frozen=True)
class Scored:
    """What a scorecard says of a county.

    `points`: unit_code, feature, value, bin, points, points_lost, rank, reason_zh. `scores`: unit_code, points,
    default_probability_ppm.
    """

    points: pa.Table
    scores: pa.Table


def score_columns(columns: list[pa.ChunkedArray | pa.Array], card: Scorecard) -> Kernel:
    """Score one column a feature of the card, in its order: doubles, or words where the feature has categories."""
    if len(columns) != len(card.features):
        raise ValueError(f"{len(columns)} columns for {len(card.features)} features")
    rows = len(columns[0])
    places = np.empty((len(card.features), rows), dtype=np.int8)
    points = np.empty(places.shape, dtype=np.int16)

    def look_up(index: int) -> None:
        feature = card.features[index]
        places[index] = bin_places(feature, columns[index])
        np.take(points_by_bin(feature), places[index], out=points[index], mode="clip")

    # each feature writes rows of its own, so threads change nothing but the time
    with ThreadPoolExecutor(THREADS if rows > CHUNK else 1) as pool:
        list(pool.map(look_up, range(len(card.features))))
    grids = pair_grids(card)
    paired = np.empty((len(grids), rows), dtype=np.int16)
    for start in range(0, rows if grids else 0, CHUNK):
        part = slice(start, start + CHUNK)
        for given_pair, (one, two, grid) in zip(paired, grids, strict=True):
            given_pair[part] = _looked_up(grid, [places[one, part], places[two, part]])
    total = np.full(rows, card.base_points, dtype=np.int64)
    for given_points in (*points, *paired):
        total += given_points
    table = np.array(card.probability.ppm, dtype=np.int64)
    ppm = table[np.clip(total - card.probability.from_points, 0, len(table) - 1)]
    return Kernel(card, places, points, paired, total, ppm)


def _looked_up(table: Small, places: list[NDArray[np.int8]]) -> Small:
    """Return a table's entries, by a place in each of its dimensions."""
    narrow: type[Any] = np.uint8 if table.size <= 1 << 8 else np.int16  # many at once
    at: NDArray[Any] = places[0].astype(narrow)
    for size, place in zip(table.shape[1:], places[1:], strict=True):
        at *= size
        at += place.astype(narrow)
    found: Small = table.ravel().take(at, mode="clip")
    return found


def points_by_bin(feature: FeaturePoints) -> Small:
    """Return the points of a feature's bins, missing last."""
    return np.array([*(bin_.points for bin_ in feature.bins), feature.missing.points], dtype=np.int16)


def _best_beside(grids: list[Small], own: Small) -> Small:
    """Return the best that a feature can give beside its pairs' other bins.

    `grids`: of each pair its bins × the other's. Shape (bins of the first other, of the second, …).
    """
    total = own
    for grid in grids:
        total = total[..., None] + grid.reshape(len(own), *[1] * (total.ndim - 1), -1)
    found: Small = total.max(axis=0)
    return found


def pair_grids(card: Scorecard) -> list[tuple[int, int, Small]]:
    """Return of each pair the places of its features, and its points by their bins, missing last."""
    places = {feature.name: place for place, feature in enumerate(card.features)}
    return [
        (places[pair.first], places[pair.second], np.array(cell_points(card, pair, pair.first), dtype=np.int16))
        for pair in card.pairs
    ]


def sort_columns(keys: NDArray[Any]) -> None:
    """Sort each column of (features, rows) in place, by Batcher's odd-even merge: whole rows are compared at once."""
    spare = np.empty_like(keys[0])
    for low, high in sorting_network(len(keys)):
        np.minimum(keys[low], keys[high], out=spare)
        np.maximum(keys[low], keys[high], out=keys[high])
        keys[low] = spare


@cache
def sorting_network(count: int) -> tuple[tuple[int, int], ...]:
    """Return the pairs to compare, in order, that sort any `count` values (Knuth, volume 3, 5.2.2, algorithm M)."""
    pairs: list[tuple[int, int]] = []
    top = 1 << max((count - 1).bit_length() - 1, 0)
    step = top
    while step > 0:
        q, r, d = top, 0, step
        while d > 0:
            pairs.extend((i, i + d) for i in range(count - d) if i & step == r)
            d, q, r = q - step, q >> 1, step
        step >>= 1
    return tuple(pairs)


def bin_places(feature: FeaturePoints, column: pa.ChunkedArray | pa.Array) -> NDArray[np.int8]:
    """Return each value's bin by its place in the scorecard, missing last; NaN is missing, and infinity is a number."""
    if feature.is_category:
        return _word_places(feature, column)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
        raise ValueError(f"feature {feature.name} takes numbers, and was given {column.type}")
    values = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    values = values.astype(np.float64, copy=False)
    places = np.zeros(len(values), dtype=np.int8)
    for start in range(0, len(values), CHUNK):  # a part that stays in the processor's cache
        part = values[start : start + CHUNK]
        found = places[start : start + CHUNK]
        for bin_ in feature.ranges[:-1]:  # at most seven: comparing whole columns beats a search per value
            found += (part >= bin_.below).view(np.int8)
        found[part != part] = len(feature.bins)  # noqa: PLR0124  # NaN alone differs from itself
    for index, bin_ in enumerate(feature.bins):
        for special in bin_.special or ():
            places[values == special] = index
    return places


def _word_places(feature: FeaturePoints, column: pa.ChunkedArray | pa.Array) -> NDArray[np.int8]:
    column = pc.cast(column, pa.string())  # dictionaries, and numbers that are codes
    words = [word for bin_ in feature.bins for word in bin_.categories or ()]
    of_word = np.array(
        [
            *(index for index, bin_ in enumerate(feature.bins) for _ in bin_.categories or ()),
            next(index for index, bin_ in enumerate(feature.bins) if bin_.is_other),
            len(feature.bins),
        ],
        dtype=np.int8,
    )
    is_missing = pc.or_(pc.is_null(column), pc.is_in(pc.utf8_trim_whitespace(column), pa.array(MISSING_WORDS)))
    unnamed = pc.if_else(is_missing, len(words) + 1, len(words))
    known = pc.coalesce(pc.index_in(column, value_set=pa.array(words, pa.string())), pc.cast(unnamed, pa.int32()))
    places: NDArray[np.int8] = of_word[np.asarray(known)]
    return places


def lost_texts(feature: FeaturePoints) -> list[str]:
    """Say for each bin, missing last, why it costs whoever loses points there."""
    kinds = [feature.direction] * len(feature.bins) + ["missing"]
    return [POINTS_LOST[kind].format(meaning=feature.meaning_zh) for kind in kinds]


def score(features: pa.Table, card: Scorecard, edges_ppm: Sequence[int] | None = None) -> Scored:
    """Score every household of `features` (unit_code and one double per feature), ordered by unit_code.

    With the bands' edges a reason is told only where it is true: with that feature alone at its best the household
    would be in a better band; at most REASONS of them.
    """
    ordered = features.sort_by("unit_code")
    columns = [ordered.column(feature.name) for feature in card.features]
    units = ordered.column("unit_code")
    kernel = score_columns(columns, card)
    scores = pa.table(
        {
            "unit_code": units,
            "points": pa.array(kernel.total, pa.int64()),
            "default_probability_ppm": pa.array(kernel.ppm, pa.int64()),
        }
    )
    return Scored(_long(units, columns, kernel, edges_ppm), scores)


def _long(
    units: pa.ChunkedArray, columns: list[pa.ChunkedArray], kernel: Kernel, edges_ppm: Sequence[int] | None
) -> pa.Table:
    """Lay the kernel out as one row a household and feature, most points lost first; then one a household and pair."""
    card, order = kernel.card, kernel.ranking().T
    rows, count = order.shape
    take = order.astype(np.int64), np.arange(rows)[:, None]
    labels = _labels(card)
    starts = np.cumsum([0, *(len(one) for one in labels)])[:-1]
    flat = pa.array([label for one in labels for label in one])
    texts = pa.array([text for feature in card.features for text in lost_texts(feature)], pa.string())
    at_bin = pa.array((starts[take[0]] + kernel.bins[take]).ravel())
    lost = kernel.lost()[take]
    is_told = lost > 0
    if edges_ppm is not None:
        is_told &= (lost >= kernel.needed(edges_ppm)[:, None]) & (np.arange(count) < REASONS)
    values: Any = np.vstack([column.to_numpy() for column in columns])[take].ravel()
    of_features = pa.table(
        {
            "unit_code": units.take(pa.array(np.repeat(np.arange(rows), count))),
            "feature": pa.array([f.name for f in card.features]).take(pa.array(take[0].ravel())),
            "value": pa.array(values, pa.float64(), from_pandas=True),
            "bin": flat.take(at_bin),
            "points": pa.array(kernel.points[take].ravel(), pa.int64()),
            "points_lost": pa.array(lost.ravel(), pa.int64()),
            "rank": pa.array(np.tile(np.arange(1, count + 1), rows), pa.int64()),
            "reason_zh": texts.take(pc.if_else(pa.array(is_told.ravel()), at_bin, None)),
        }
    )
    of_pairs = [_of_pair(units, kernel, place, of_features.schema) for place in range(len(card.pairs))]
    return pa.concat_tables([of_features, *of_pairs])


def _labels(card: Scorecard) -> list[list[str]]:
    """Return each feature's bins as the page calls them, missing last."""
    return [[*(bin_.label for bin_ in feature.bins), MISSING] for feature in card.features]


def _of_pair(units: pa.ChunkedArray, kernel: Kernel, place: int, schema: pa.Schema) -> pa.Table:
    """Lay a pair out as one row a household, behind its features; what it costs is in the points that these lose."""
    one, two, _ = pair_grids(kernel.card)[place]
    labels = _labels(kernel.card)
    both = pa.array([f"{first} {BOTH} {second}" for first in labels[one] for second in labels[two]])
    at = kernel.bins[one].astype(np.int64) * len(labels[two]) + kernel.bins[two]
    rows, pair = len(at), kernel.card.pairs[place]
    columns = {
        "unit_code": units,
        "feature": pa.array([f"{pair.first} {BOTH} {pair.second}"] * rows, pa.string()),
        "value": pa.nulls(rows, pa.float64()),
        "bin": both.take(pa.array(at)),
        "points": pa.array(kernel.paired[place], pa.int64()),
        "points_lost": pa.array(np.zeros(rows, np.int64)),
        "rank": pa.array(np.full(rows, len(kernel.card.features) + place + 1, np.int64)),
        "reason_zh": pa.nulls(rows, pa.string()),
    }
    return pa.table(columns, schema=schema)
