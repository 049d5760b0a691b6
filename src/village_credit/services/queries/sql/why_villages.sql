-- A village and cause: how many households it moves, and by how much in all, whole yuan.
WITH moved AS (
    SELECT village_code, cause, household_key, sum(yuan) AS yuan FROM parts GROUP BY ALL HAVING sum(yuan) <> 0
)
SELECT coalesce(village_code, '') AS "group", cause AS change, count(*) AS households, CAST(sum(yuan) AS BIGINT) AS yuan
FROM moved GROUP BY ALL
