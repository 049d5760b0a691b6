-- A village in force: how many households are credited, and since the year before
WITH now AS (  -- a household with lines of two products is one household
    SELECT county_code, township_code, village_code, household_key, bool_or(decision = 'granted') AS is_credited,
        coalesce(sum(limit_yuan) FILTER (decision = 'granted'), 0) AS limit_yuan
    FROM "inner".lines_in_force GROUP BY ALL
), before AS (
    SELECT household_key, sum(limit_yuan) AS limit_yuan
    FROM "inner".lines_year_before WHERE decision = 'granted' AND limit_yuan > 0 GROUP BY ALL
), compared AS (
    SELECT DISTINCT county_code FROM "inner".in_force_year_before
)
SELECT now.county_code, township_code, village_code, count(*) AS households,
    count(*) FILTER (is_credited) AS credited_households,
    count(*) FILTER (is_credited)::DOUBLE / count(*) AS coverage,
    CAST(sum(now.limit_yuan) AS BIGINT) AS sum_limit_yuan,
    CASE WHEN any_value(compared.county_code) IS NOT NULL
        THEN count(*) FILTER (is_credited AND before.household_key IS NULL) END AS new_households,
    CASE WHEN any_value(compared.county_code) IS NOT NULL
        THEN CAST(sum(now.limit_yuan) - coalesce(sum(before.limit_yuan), 0) AS BIGINT) END AS new_sum_yuan
FROM now LEFT JOIN before USING (household_key) LEFT JOIN compared ON compared.county_code = now.county_code
GROUP BY ALL ORDER BY ALL
