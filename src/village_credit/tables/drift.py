"""Scored households become drift: how far they are from the training's rows and from the last publication's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.score.apply import Kernel, score_columns
from village_credit.score.scorecard import Scorecard
from village_credit.score.statistics import Floats, stability

SCORE = "score"  # the row of the score itself, beside those of the features
DECIMALS = 6  # another processor's logarithm may differ in its last bit; a run's bytes may not
SCHEMA = pa.schema(
    [
        ("feature", pa.string()),
        ("psi_training", pa.float64()),
        ("psi_published", pa.float64()),
        ("missing_share", pa.float64()),
        ("missing_share_training", pa.float64()),
        ("missing_share_published", pa.float64()),
    ]
)
# A household has every feature, so columns in its order stand side by side.
COLUMNS = "SELECT feature, list(value ORDER BY unit_code) AS given FROM points GROUP BY feature"
Counts = dict[str, Floats]  # per feature: households by bin, missing last; for the score: by range


def drift(points: pa.Table, published: pa.Table | None, card: Scorecard) -> pa.Table:
    """Return a row for the score and one for each feature of the card (SCHEMA).

    `points`: unit_code, feature, value of every household that the run scored, a product's run too: a batch of a
    few would differ by chance alone. `published`: the same of the county's last publication, if there was one;
    its values are put into today's bins and scored by today's card, so that another card is no drift.
    Null: nothing to compare with, or a feature that the other side did not have.
    """
    now, training = count_bins(points, card), training_counts(card)
    before = {} if published is None else count_bins(published, card)
    names = (SCORE, *(feature.name for feature in card.features))
    return pa.Table.from_pylist([_row(name, now, training, before) for name in names], schema=SCHEMA)


def _row(name: str, now: Counts, training: Counts, before: Counts) -> dict[str, Any]:
    return {
        "feature": name,
        "psi_training": _psi(training.get(name), now.get(name)),
        "psi_published": _psi(before.get(name), now.get(name)),
        "missing_share": _missing_share(name, now),
        "missing_share_training": _missing_share(name, training),
        "missing_share_published": _missing_share(name, before),
    }


def training_counts(card: Scorecard) -> Counts:
    """Return the training's rows by bin, as the scorecard keeps them."""
    counts = {
        feature.name: np.array([*(bin_.rows for bin_ in feature.bins), feature.missing.rows], dtype=float)
        for feature in card.features
    }
    return {SCORE: np.array([part.rows for part in card.training.score_ranges], dtype=float), **counts}


def count_bins(points: pa.Table, card: Scorecard) -> Counts:
    """Count households by the card's bins; a feature of which there is no row is left out, and then the score too."""
    connection = query_cursor()
    connection.register("points", points)
    lists = connection.sql(COLUMNS).to_arrow_table()
    columns = {name.as_py(): given.values for name, given in zip(*lists.columns, strict=True)}
    rows = max((len(column) for column in columns.values()), default=0)
    absent = pa.nulls(rows, pa.float64())
    kernel = score_columns([columns.get(feature.name, absent) for feature in card.features], card)
    counts = {
        feature.name: np.bincount(kernel.bins[place], minlength=len(feature.bins) + 1).astype(float)
        for place, feature in enumerate(card.features)
        if feature.name in columns
    }
    return {SCORE: _score_counts(kernel), **counts} if len(counts) == len(card.features) else counts


def _score_counts(kernel: Kernel) -> Floats:
    edges = [part.below for part in kernel.card.training.score_ranges if part.below is not None]
    places = np.searchsorted(np.array(edges, dtype=np.int64), kernel.total, side="right")
    return np.bincount(places, minlength=len(edges) + 1).astype(float)


def _psi(expected: Floats | None, actual: Floats | None) -> float | None:
    if expected is None or actual is None:
        return None
    found = stability(expected, actual)
    return None if math.isnan(found) else round(found, DECIMALS)


def _missing_share(name: str, counts: Counts) -> float | None:
    """Return the share of households without a value; the score has one always."""
    found = counts.get(name)
    if name == SCORE or found is None or found.sum() == 0:
        return None
    return round(float(found[-1] / found.sum()), DECIMALS)
