"""Compared pairs become links: the best of both sides, with a margin, and nothing on a tie."""

from __future__ import annotations

import duckdb

from village_credit.link.weights import Weights
from village_credit.sql_files import sql

SCORED = sql("link", "scored")

BEST = sql("link", "best")


def choose_pairs(connection: duckdb.DuckDBPyConnection, weights: Weights) -> None:
    """Make `best_pairs` from `pairs`: at most one a left record.

    `pairs`: left_id, scope (records of one scope compete), right_id, right_group (the household), claim (what only
    one record of a scope may have: the household, or the person), agreement, and one column a field of the weights
    with its level. `best_pairs`: left_id, right_id, right_group, claim, scope, agreement, score and margin in bits
    (margin null without a rival), is_accepted.
    """
    bounds = {"accept": weights.accept_bits, "margin": weights.margin_bits}
    connection.execute(SCORED.format(score=weights.sql()), bounds)
    connection.execute(BEST, bounds)
    connection.execute("DROP TABLE scored")
