"""Village names become codes by the land register's issuers, within the row's township or the file's."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from village_credit.link.divisions import create_divisions

PLACES = """
CREATE TABLE places AS
WITH texts AS (
    SELECT left(current_area(issuer_code), 12) AS village_code, left(current_area(issuer_code), 9) AS township_code,
           unnest([issuer_name, issuer_address]) AS text
    FROM issuers
), parsed AS (
    SELECT village_code, township_code,
           regexp_extract(text, '^(?:.{1,30}(?:县|市|旗))?([^县市旗]{1,10}?(?:民族乡|乡|镇|街道|苏木|农场|牧场|林场|园艺场|良种场|管委会))', 1) AS township_name,
           regexp_extract(text, '^(?:.{1,30}(?:县|市|旗))?(?:[^县市旗]{1,10}?(?:民族乡|乡|镇|街道|苏木|农场|牧场|林场|园艺场|良种场|管委会))?(.{1,12}?(?:村|社区|连|队|嘎查))', 1) AS village_name
    FROM texts WHERE text IS NOT NULL
), townships AS (
    SELECT township_code, mode(township_name ORDER BY township_name) AS township_name
    FROM parsed WHERE township_name <> '' GROUP BY township_code
)
SELECT village_code, township_code, max(coalesce(townships.township_name, '')) AS township_name,
       mode(village_name ORDER BY village_name) FILTER (village_name <> '') AS village_name
FROM parsed LEFT JOIN townships USING (township_code) GROUP BY village_code, township_code
"""

# A text such as 沙枣镇团结村二组 names a village; its township comes from the text, the row, or the file.
RESOLVED = """
CREATE TABLE resolved_villages AS
WITH asked AS (
    SELECT DISTINCT source_id, coalesce(township_text, '') AS township_text, village_text
    FROM people WHERE village_text IS NOT NULL
), named AS (
    SELECT asked.*, places.*, hints.place_hint
    FROM asked JOIN places ON contains(village_text, village_name) OR village_text = regexp_replace(village_name, '(村|社区)$', '') LEFT JOIN hints USING (source_id)
    QUALIFY length(village_name) = max(length(village_name)) OVER (PARTITION BY asked.source_id, township_text, village_text)
), judged AS (
    SELECT *, CASE WHEN township_name = '' THEN 0
                   WHEN contains(village_text, township_name) OR contains(township_text, township_name) THEN 2
                   WHEN contains(place_hint, township_name) THEN 1 ELSE 0 END AS certainty
    FROM named
), best AS (
    SELECT * FROM judged
    QUALIFY certainty = max(certainty) OVER (PARTITION BY source_id, township_text, village_text)
)
SELECT source_id, township_text, village_text, list(DISTINCT village_code ORDER BY village_code) AS village_codes
FROM best GROUP BY ALL
"""


def create_places(connection: duckdb.DuckDBPyConnection, issuers: pa.Table) -> None:
    """Make `places` (village_code, township_code, township_name, village_name) from accepted issuers."""
    create_divisions(connection)
    connection.register("issuers", issuers)
    connection.execute(PLACES)


def resolve_villages(connection: duckdb.DuckDBPyConnection, hints: pa.Table) -> None:
    """Make `resolved_villages` for the texts in `people`; `hints`: source_id, place_hint."""
    connection.register("hints", hints)
    connection.execute(RESOLVED)
