-- A cause, or those of few households together (no name): how many households it moves and which way, whole yuan
WITH named AS (
    SELECT CASE WHEN list_contains($few::VARCHAR[], cause) THEN '' ELSE cause END AS cause, household_key, yuan FROM parts
), moved AS (
    SELECT cause, household_key, sum(yuan) AS yuan FROM named GROUP BY ALL HAVING sum(yuan) <> 0
)
SELECT cause, count(*) AS households, count(*) FILTER (yuan > 0) AS raised, count(*) FILTER (yuan < 0) AS lowered,
    CAST(coalesce(sum(yuan) FILTER (yuan > 0), 0) AS BIGINT) AS raised_yuan,
    CAST(coalesce(sum(yuan) FILTER (yuan < 0), 0) AS BIGINT) AS lowered_yuan, CAST(sum(yuan) AS BIGINT) AS yuan
FROM moved GROUP BY cause
