-- A place, product ('all': a household with several counts once) and month: by how much what stands of lines at its
-- end, and who is credited at it and at none before, differ from the month before's
WITH lines AS (
    SELECT month, until_month, county_code, township_code, village_code, product, count(*) AS households,
        count(*) FILTER (is_credited) AS credited_households, sum(limit_yuan) AS in_force_yuan,
        sum(frozen_yuan) AS frozen_yuan
    FROM "inner".lines_standing GROUP BY ALL
), contracted AS (  -- by the size of its line
    SELECT greatest(l.month, CAST(date_trunc('month', c.signed_on) AS DATE)) AS month, l.until_month, l.county_code,
        l.township_code, l.village_code, l.product, count(*) AS contracts,
        count(*) FILTER (limit_yuan <= 100000) AS contracts_to_100k,
        count(*) FILTER (limit_yuan > 100000 AND limit_yuan < 200000) AS contracts_to_200k,
        count(*) FILTER (limit_yuan >= 200000) AS contracts_from_200k
    FROM "inner".lines_standing AS l JOIN "inner".contracts_standing AS c USING (household_key, product),
        "inner".last_day AS last
    WHERE l.limit_yuan > 0 AND c.signed_on <= last.day
    GROUP BY ALL
), firsts AS (
    SELECT household_key, product, min(month) AS first_month FROM "inner".lines_standing
    WHERE is_credited AND month < (SELECT max(month) FROM lines) GROUP BY ALL
), newly AS (  -- of all who are credited from a month on, those are not who were before
    SELECT month, county_code, township_code, village_code, product, credited_households AS newly FROM lines
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, product, -count(*) AS newly
    FROM "inner".lines_standing JOIN firsts USING (household_key, product)
    WHERE is_credited AND month > (SELECT min(month) FROM lines) AND month > first_month
    GROUP BY month, county_code, township_code, village_code, product
), of_several AS (  -- lines of households that may have several
    SELECT *, min(month) FILTER (is_credited) OVER (PARTITION BY household_key, product) AS first_month
    FROM "inner".lines_standing SEMI JOIN "inner".of_several USING (household_key)
), beyond AS (  -- what lines count beyond their household's first
    SELECT month, until_month, county_code, township_code, village_code, 1 - count(*) AS households,
        bool_or(is_credited)::INT - count(*) FILTER (is_credited) AS credited_households
    FROM of_several GROUP BY month, until_month, county_code, township_code, village_code, household_key
    HAVING count(*) > 1
), again AS (  -- of their lines that are credited first, those are not their household's that come after another
    SELECT month, county_code, township_code, village_code, 'all' AS product, -1 AS newly
    FROM of_several WHERE is_credited AND month = first_month
    QUALIFY row_number() OVER (PARTITION BY household_key ORDER BY month) > 1
), standing AS (
    FROM lines UNION ALL BY NAME FROM contracted
    UNION ALL BY NAME SELECT *, CAST(month + INTERVAL 1 MONTH AS DATE) AS until_month FROM newly
), told AS (
    FROM standing UNION ALL BY NAME SELECT * REPLACE ('all' AS product) FROM standing
    UNION ALL BY NAME SELECT *, 'all' AS product FROM beyond
    UNION ALL BY NAME SELECT *, CAST(month + INTERVAL 1 MONTH AS DATE) AS until_month FROM again
)
SELECT unnest([month, until_month]) AS month, county_code, township_code, village_code, product,
    unnest([1, -1]) * households AS households, unnest([1, -1]) * credited_households AS credited_households,
    unnest([1, -1]) * newly AS newly_credited_households, unnest([1, -1]) * in_force_yuan AS in_force_yuan,
    unnest([1, -1]) * frozen_yuan AS frozen_yuan, unnest([1, -1]) * contracts AS contracts,
    unnest([1, -1]) * contracts_to_100k AS contracts_to_100k,
    unnest([1, -1]) * contracts_to_200k AS contracts_to_200k,
    unnest([1, -1]) * contracts_from_200k AS contracts_from_200k
FROM told WHERE month < until_month
