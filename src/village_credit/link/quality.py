"""How well a run's lists found their households: by list and village, between name shapes, and by the null linkage."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from village_credit.link.residue import score_residue
from village_credit.link.weights import Weights

MIN_GROUP = 30  # records; a share of fewer says nothing, and might say something of somebody

# Every record of a list that names people; what waits in quarantine because its number stays damaged is unlinked too.
RECORDS = """
CREATE TEMP TABLE records AS
SELECT row_id, contract, unit_code, status, village_codes, name
FROM links JOIN (SELECT row_id, village_codes, name FROM identified) USING (row_id) WHERE contract NOT IN ('land_contractor', 'land_member')
UNION ALL
SELECT row_id, contract, NULL, 'unlinked', village_codes, name FROM identified SEMI JOIN (FROM subject_rows WHERE NOT is_standing) USING (row_id)
"""

BY_VILLAGE = """
SELECT contract, coalesce(CASE WHEN length(village_codes) = 1 THEN village_codes[1] END, register.village_code, '') AS village_code,
       count(*) AS records, count(*) FILTER (status = 'automatic') AS automatic, count(*) FILTER (status = 'confirmed') AS confirmed,
       count(*) FILTER (status = 'provisional') AS provisional, count(*) FILTER (status = 'refused') AS conflicting,
       count(*) FILTER (status = 'unlinked') AS unlinked
FROM records LEFT JOIN register USING (unit_code) GROUP BY ALL ORDER BY ALL
"""

# Per list, so that a list which names mostly one kind of person does not weigh as a difference between them; and without
# its sign, so that a list which favours one kind does not hide another which favours the other. Lists weigh by the rarer
# kind's records: the gap of a small list is mostly chance.
NAME_GAP = """
WITH shares AS (
    SELECT contract, count(*) FILTER (is_long) AS long_records, count(*) FILTER (NOT is_long) AS short_records,
           avg((status IN ('automatic', 'confirmed'))::INT) FILTER (is_long) AS long_share,
           avg((status IN ('automatic', 'confirmed'))::INT) FILTER (NOT is_long) AS short_share
    FROM records JOIN name_keys USING (name) GROUP BY contract
)
SELECT (sum(least(long_records, short_records) * abs(long_share - short_share)) / sum(least(long_records, short_records)))::DOUBLE, count(*)
FROM shares WHERE least(long_records, short_records) >= $min
"""

VILLAGE_GAP = """
WITH villages AS (
    SELECT contract, village_code, sum(records) AS records, sum(automatic + confirmed) / sum(records) AS share FROM by_village GROUP BY ALL
), whole AS (SELECT contract, sum(automatic + confirmed) / sum(records) AS share FROM by_village GROUP BY ALL)
SELECT max(whole.share - villages.share)::DOUBLE, count(*) FROM villages JOIN whole USING (contract) WHERE records >= $min AND village_code <> ''
"""

# Every record of the residue goes to the village next in kind (the share of long names): whatever is accepted there
# is false. Relatives live in their own village, so strict rules look better here than they are.
ELSEWHERE = """
CREATE OR REPLACE TABLE residue AS
WITH kinds AS (
    SELECT village_code, row_number() OVER (ORDER BY round(avg(is_long::INT), 1), village_code) AS place
    FROM roster_names JOIN roster_units USING (unit_code) JOIN name_keys USING (name) GROUP BY village_code
), moved AS (
    SELECT a.village_code, b.village_code AS elsewhere FROM kinds AS a JOIN kinds AS b
      ON b.place = CASE WHEN a.place = (SELECT max(place) FROM kinds) THEN 1 ELSE a.place + 1 END
    WHERE (SELECT count(*) FROM kinds) > 1
)
SELECT residue_given.* REPLACE ([elsewhere] AS village_codes)
FROM residue_given JOIN moved ON village_codes[1] = moved.village_code
"""


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
