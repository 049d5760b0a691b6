"""How well a run's lists found their households: by list and village, between name shapes, and by the null linkage."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from village_credit.link.residue import score_residue
from village_credit.link.weights import Weights
from village_credit.sql_files import sql

MIN_GROUP = 30  # records; a share of fewer says nothing, and might say something of somebody

RECORDS = sql("link", "records")

BY_VILLAGE = sql("link", "by_village")

NAME_GAP = sql("link", "name_gap")

VILLAGE_GAP = sql("link", "village_gap")

ELSEWHERE = sql("link", "elsewhere")


@dataclass(frozen=True)
class Quality:
    """`by_village`: contract, village_code and counts of records by status; the rest are shares, or null where too few.

    `name_gap`: linked share of long names against short, mean over lists; which is behind is not kept. `village_gap`:
    how far the worst village of a list is behind the county. `null_share`: links accepted in a wrong village over links
    accepted in the right one. `lists_compared`, `villages_compared`: on how many, with enough records, the gaps rest.
    """

    by_village: pa.Table
    name_gap: float | None
    village_gap: float | None
    null_share: float
    lists_compared: int
    villages_compared: int


def measure(connection: duckdb.DuckDBPyConnection, weights: Weights) -> Quality:
    """Measure the links just made; needs what `create_links` leaves, and replaces `residue`."""
    connection.execute(RECORDS)
    by_village = connection.sql(BY_VILLAGE).to_arrow_table()
    connection.register("by_village", by_village)
    least = {"min": MIN_GROUP}
    ((name_gap, lists),) = connection.execute(NAME_GAP, least).fetchall()
    ((village_gap, villages),) = connection.execute(VILLAGE_GAP, least).fetchall()
    return Quality(by_village, name_gap, village_gap, _null_share(connection, weights), lists, villages)


def _null_share(connection: duckdb.DuckDBPyConnection, weights: Weights) -> float:
    ((accepted,),) = connection.execute("SELECT count(*) FROM scored_links WHERE is_accepted").fetchall()
    connection.execute("ALTER TABLE residue RENAME TO residue_given")
    connection.execute(ELSEWHERE)
    score_residue(connection, weights)
    ((false_ones,),) = connection.execute("SELECT count(*) FROM best_pairs WHERE is_accepted").fetchall()
    return false_ones / accepted if accepted else float(false_ones > 0)
