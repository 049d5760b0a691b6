-- A village: its households with a decision in force, how many are credited, and what they may draw
WITH households AS (  -- a household with lines of two products is one household
    SELECT county_code, township_code, village_code, household_key, bool_or(decision = 'granted') AS is_credited,
        coalesce(sum(limit_yuan) FILTER (decision = 'granted'), 0) AS limit_yuan
    FROM lines GROUP BY ALL
)
SELECT county_code, township_code, village_code, count(*) AS households,
    count(*) FILTER (is_credited) AS credited_households, CAST(sum(limit_yuan) AS BIGINT) AS sum_limit_yuan
FROM households GROUP BY ALL ORDER BY ALL
