"""Every list's row finds its household in the roster, by certainty; each link keeps how it was found.

Stage 1: the contractor code, or the same whole ID number with an agreeing name (bank tables without names:
the ID number alone). Stage 2: the same after a recorded repair, named by its pass
(repaired_id, masked_id, mistyped_id). Stage 3, provisional: a machinery row
without an ID number by exact name within the village, unique on both sides.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from village_credit.link import RULES_VERSION

# An ID number in two households decides for neither.
OWNERS = """
CREATE TABLE owners AS
SELECT person_id, min(unit_code) AS unit_code, count(DISTINCT unit_code) AS households, list(DISTINCT name) AS names
FROM roster WHERE person_id IS NOT NULL GROUP BY person_id
"""

# Names agree when they are equal, or one lacks the father's name after the interpunct.
BY_ID = """
CREATE TABLE id_links AS
SELECT i.row_id, i.contract, i.source_id, owners.unit_code, households,
       CASE WHEN i.name IS NULL THEN 'no_name' WHEN list_contains(names, i.name) THEN 'equal'
            WHEN len(list_filter(names, lambda n: starts_with(n, i.name || '·') OR starts_with(i.name, n || '·'))) > 0 THEN 'patronymic'
            ELSE 'different' END AS agreement,
       i.is_repaired, i.repair
FROM identified AS i JOIN owners USING (person_id)
JOIN standing USING (row_id)
WHERE i.contract NOT IN ('land_contractor', 'land_member')
"""

# Without an ID number: one machine row of that name in the village, and one person of that name there.
BY_NAME = """
CREATE TABLE name_links AS
WITH wanted AS (
    SELECT i.row_id, i.source_id, i.name, i.village_codes[1] AS village_code
    FROM identified AS i JOIN standing USING (row_id)
    WHERE i.contract = 'machinery_subsidy' AND i.id_status = 'empty' AND length(i.village_codes) = 1
    QUALIFY count(*) OVER (PARTITION BY i.name, i.village_codes[1]) = 1
), named AS (
    SELECT register.village_code, roster.name, min(unit_code) AS unit_code
    FROM roster JOIN register USING (unit_code) GROUP BY ALL HAVING count(*) = 1
)
SELECT wanted.row_id, wanted.source_id, named.unit_code FROM wanted JOIN named USING (village_code, name)
"""

LINKS = f"""
CREATE TABLE links AS
WITH by_code AS (
    SELECT c.row_id, contract, source_id, register.unit_code
    FROM code_rows AS c JOIN register ON c.contractor_code = register.unit_code
), found AS (
    SELECT row_id, contract, source_id, unit_code, 1 AS stage, 'contractor_code' AS pass, 'code' AS agreement, 'automatic' AS status FROM by_code
    UNION ALL
    SELECT row_id, contract, source_id, unit_code, CASE WHEN is_repaired THEN 2 ELSE 1 END,
           CASE WHEN is_repaired THEN repair WHEN agreement = 'no_name' THEN 'id_only' ELSE 'id_and_name' END, agreement, 'automatic'
    FROM id_links WHERE households = 1 AND agreement <> 'different'
    UNION ALL
    -- a debt or listing under the right number and another name is not ignored: a person must confirm it
    SELECT row_id, contract, source_id, unit_code, 3, 'id_without_name', agreement, 'provisional' FROM id_links
    WHERE households = 1 AND agreement = 'different' AND contract IN ('bank_exposure', 'negative_list', 'related_party')
    UNION ALL
    SELECT row_id, contract, source_id, NULL, 1, CASE WHEN households > 1 THEN 'id_of_two_households' ELSE 'id_without_name' END, agreement, 'refused'
    FROM id_links WHERE households > 1 OR (agreement = 'different' AND contract NOT IN ('bank_exposure', 'negative_list', 'related_party'))
    UNION ALL
    SELECT row_id, 'machinery_subsidy', source_id, unit_code, 3, 'name_and_village', 'equal', 'provisional' FROM name_links
), every AS (
    SELECT row_id, contract, source_id FROM code_rows
    UNION ALL
    SELECT row_id, contract, source_id FROM identified JOIN standing USING (row_id)
    WHERE contract NOT IN ('land_contractor', 'land_member')
)
SELECT every.row_id, every.contract, every.source_id, unit_code, stage, pass, agreement,
       CAST(NULL AS DOUBLE) AS score, CAST(NULL AS DOUBLE) AS margin, coalesce(status, 'unlinked') AS status,
       '{RULES_VERSION}' AS rules_version
FROM every LEFT JOIN (SELECT * EXCLUDE (contract, source_id) FROM found) USING (row_id)
"""


def create_links(connection: duckdb.DuckDBPyConnection, code_rows: pa.Table, standing: pa.Table) -> None:
    """Make `links`, one row per standing row of a linkable contract; needs `register`, `roster`, `identified`.

    `code_rows`: row_id, contract, source_id, contractor_code of rows that carry a contractor code.
    `standing`: row_id of the rows that were settled as standing.
    """
    connection.register("code_rows", code_rows)
    connection.register("standing", standing)
    for statement in (OWNERS, BY_ID, BY_NAME, LINKS):
        connection.execute(statement)
