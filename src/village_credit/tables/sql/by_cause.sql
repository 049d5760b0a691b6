-- A cause: how many households it moves, what it adds and takes, whole yuan; in the order in which causes are taken over.
WITH moved AS (SELECT cause, household_key, sum(yuan) AS yuan FROM parts GROUP BY ALL HAVING sum(yuan) <> 0), summed AS (
    SELECT string_split(cause, $joined) AS causes, causes[1] AS first_cause, count(*) AS households,
        CAST(coalesce(sum(yuan) FILTER (yuan > 0), 0) AS BIGINT) AS raised_yuan,
        CAST(coalesce(sum(yuan) FILTER (yuan < 0), 0) AS BIGINT) AS lowered_yuan, CAST(sum(yuan) AS BIGINT) AS yuan
    FROM moved GROUP BY cause
)
SELECT s.* EXCLUDE (first_cause) FROM summed AS s JOIN causes_in_order USING (first_cause) ORDER BY place, causes
