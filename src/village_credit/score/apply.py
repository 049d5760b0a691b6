"""A scorecard and features become points per feature, a sum, and a default probability in ppm."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from village_credit.score.scorecard import FeaturePoints, Scorecard

POINTS = """
WITH wide AS (FROM features UNPIVOT INCLUDE NULLS (value FOR feature IN (COLUMNS(* EXCLUDE (unit_code))))),
binned AS (
    SELECT unit_code, wide.feature, value, b.bin, b.points, b.best_points, b.feature_order
    FROM wide JOIN bins AS b ON b.feature = wide.feature
     AND ((value IS NULL AND b.is_missing) OR (value IS NOT NULL AND NOT b.is_missing
          AND (b.lower_edge IS NULL OR value >= b.lower_edge) AND (b.upper_edge IS NULL OR value < b.upper_edge)))
)
SELECT unit_code, feature, value, bin, points, best_points - points AS points_lost,
       row_number() OVER (PARTITION BY unit_code ORDER BY best_points - points DESC, feature_order) AS rank
FROM binned ORDER BY unit_code, rank
"""
SCORED = """
WITH summed AS (SELECT unit_code, CAST(sum(points) + $base AS BIGINT) AS points FROM points GROUP BY unit_code)
SELECT unit_code, points, ppm AS default_probability_ppm
FROM summed JOIN probabilities ON table_points = greatest($lowest, least($highest, points))
ORDER BY unit_code
"""


@dataclass(frozen=True)
class Scored:
    """`points`: unit_code, feature, value, bin, points, points_lost, rank. `scores`: unit_code, points, default_probability_ppm."""

    points: pa.Table
    scores: pa.Table


def score(features: pa.Table, card: Scorecard) -> Scored:
    """Score every household of `features` (unit_code and one double per feature)."""
    connection = duckdb.connect()
    names = ["unit_code", *(feature.name for feature in card.features)]
    connection.register("features", features.select(names))
    connection.register("bins", bins_table(card))
    points = connection.sql(POINTS).to_arrow_table()
    connection.register("points", points)
    table = card.probability
    levels = range(table.from_points, table.from_points + len(table.ppm))
    connection.register(
        "probabilities",
        pa.table({"table_points": pa.array(levels, pa.int64()), "ppm": pa.array(table.ppm, pa.int64())}),
    )
    scores = connection.sql(
        SCORED, params={"base": card.base_points, "lowest": levels[0], "highest": levels[-1]}
    )
    return Scored(points, scores.to_arrow_table())


def bins_table(card: Scorecard) -> pa.Table:
    """Lay the bins out as rows: feature, feature_order, bin, lower_edge, upper_edge, is_missing, points, best_points."""
    rows = [row for order, feature in enumerate(card.features) for row in _feature_rows(order, feature)]
    schema = pa.schema(
        [
            ("feature", pa.string()),
            ("feature_order", pa.int64()),
            ("bin", pa.string()),
            ("lower_edge", pa.float64()),
            ("upper_edge", pa.float64()),
            ("is_missing", pa.bool_()),
            ("points", pa.int64()),
            ("best_points", pa.int64()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def _feature_rows(order: int, feature: FeaturePoints) -> list[dict[str, object]]:
    common = {"feature": feature.name, "feature_order": order, "best_points": feature.best_points}
    rows: list[dict[str, object]] = [
        {
            **common,
            "bin": "missing",
            "lower_edge": None,
            "upper_edge": None,
            "is_missing": True,
            "points": feature.missing_points,
        }
    ]
    lower: float | None = None
    for bin_ in feature.bins:
        rows.append(
            {
                **common,
                "bin": bin_.label,
                "lower_edge": lower,
                "upper_edge": bin_.below,
                "is_missing": False,
                "points": bin_.points,
            }
        )
        lower = bin_.below
    return rows
