-- A text such as 沙枣镇团结村二组 names a village; its township comes from the text, the row, or the file.
CREATE TABLE resolved_villages AS
WITH asked AS (
    SELECT DISTINCT source_id, coalesce(township_text, '') AS township_text, village_text
    FROM people WHERE village_text IS NOT NULL
), named AS (
    SELECT asked.*, places.*, hints.place_hint
    FROM asked
    JOIN places ON contains(village_text, village_name)
        OR village_text = regexp_replace(village_name, '(村|社区)$', '') LEFT JOIN hints USING (source_id)
    QUALIFY length(village_name) = max(length(village_name)) OVER (PARTITION BY asked.source_id, township_text,
        village_text)
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
