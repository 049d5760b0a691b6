-- A village, product ('all': a household with several counts once) and month: what adds up to every place above it.
-- All of it is the sum of what began and ended up to the month; what is of a month alone ends with it. Rows without a
-- figure but the year before's are there too
WITH divisions AS (  -- the last whole publication's, a withdrawn one's too: who delivered nothing is a village
    SELECT county_code, run_id, CAST(date_trunc('month', published_on) AS DATE) AS month,
        coalesce(lead(month) OVER (PARTITION BY county_code ORDER BY number), DATE '9999-12-01') AS until_month
    FROM "inner".publications WHERE product IS NULL
), lines AS MATERIALIZED (
    FROM "inner".line_changes
), begun AS (  -- from the first month on at whose end a decision on the product stood in the county
    SELECT county_code, product, min(month) AS first_month FROM (
        SELECT county_code, unnest([product, 'all']) AS product, month FROM lines
        WHERE product <> 'all' AND households > 0
    ) GROUP BY ALL
), villages AS (
    SELECT greatest(d.month, b.first_month) AS month, d.until_month, d.county_code, p.within_code AS township_code,
        p.place_code AS village_code, b.product
    FROM divisions AS d JOIN begun AS b USING (county_code) JOIN "inner".places AS p USING (run_id)
    WHERE p.level = 'village' AND greatest(d.month, b.first_month) < d.until_month
), told AS MATERIALIZED (
    FROM lines
    UNION ALL BY NAME
    SELECT CAST(month + INTERVAL 1 YEAR AS DATE) AS month, county_code, township_code, village_code, product,
        in_force_yuan AS year_before_yuan
    FROM lines
    UNION ALL BY NAME FROM "inner".drawn_changes
    UNION ALL BY NAME FROM "inner".relief_changes
), changes AS (
    FROM told WHERE product <> 'all'
    UNION ALL BY NAME SELECT * REPLACE ('all' AS product) FROM told
    UNION ALL BY NAME SELECT * EXCLUDE (until_month), 1 AS villages FROM villages
    UNION ALL BY NAME SELECT * EXCLUDE (month, until_month), until_month AS month, -1 AS villages FROM villages
), by_month AS (
    SELECT month, county_code, township_code, village_code, product,
        CAST(coalesce(sum(villages), 0) AS BIGINT) AS villages,
        CAST(coalesce(sum(households), 0) AS BIGINT) AS households,
        CAST(coalesce(sum(credited_households), 0) AS BIGINT) AS credited_households,
        CAST(coalesce(sum(newly_credited_households), 0) AS BIGINT) AS newly_credited_households,
        CAST(coalesce(sum(in_force_yuan), 0) AS BIGINT) AS in_force_yuan,
        CAST(coalesce(sum(frozen_yuan), 0) AS BIGINT) AS frozen_yuan,
        CAST(coalesce(sum(year_before_yuan), 0) AS BIGINT) AS year_before_yuan,
        CAST(coalesce(sum(drawn_households), 0) AS BIGINT) AS drawn_households,
        CAST(coalesce(sum(drawn_yuan), 0) AS DECIMAL(18, 2)) AS drawn_yuan,
        CAST(coalesce(sum(drawn_in_month_yuan), 0) AS DECIMAL(18, 2)) AS drawn_in_month_yuan,
        CAST(coalesce(sum(contracts), 0) AS BIGINT) AS contracts,
        CAST(coalesce(sum(contracts_to_100k), 0) AS BIGINT) AS contracts_to_100k,
        CAST(coalesce(sum(contracts_to_200k), 0) AS BIGINT) AS contracts_to_200k,
        CAST(coalesce(sum(contracts_from_200k), 0) AS BIGINT) AS contracts_from_200k,
        CAST(coalesce(sum(relief_offered_households), 0) AS BIGINT) AS relief_offered_households,
        CAST(coalesce(sum(relief_kept_households), 0) AS BIGINT) AS relief_kept_households,
        CAST(coalesce(sum(relief_interest_fen), 0) AS BIGINT) AS relief_interest_fen,
        CAST(coalesce(sum(traders_answered), 0) AS BIGINT) AS traders_answered,
        CAST(coalesce(sum(traders_in_time), 0) AS BIGINT) AS traders_in_time,
        CAST(coalesce(sum(traders_waiting), 0) AS BIGINT) AS traders_waiting
    FROM changes GROUP BY ALL
), summed AS (
    SELECT county_code, township_code, village_code, product, month,
        lead(month, 1, DATE '9999-12-31') OVER upto AS until_month,
        CAST(sum(villages) OVER upto AS BIGINT) AS villages,
        CAST(sum(households) OVER upto AS BIGINT) AS households,
        CAST(sum(credited_households) OVER upto AS BIGINT) AS credited_households,
        CAST(sum(newly_credited_households) OVER upto AS BIGINT) AS newly_credited_households,
        CAST(sum(in_force_yuan) OVER upto AS BIGINT) AS in_force_yuan,
        CAST(sum(frozen_yuan) OVER upto AS BIGINT) AS frozen_yuan,
        CAST(sum(year_before_yuan) OVER upto AS BIGINT) AS year_before_yuan,
        CAST(sum(drawn_households) OVER upto AS BIGINT) AS drawn_households,
        CAST(sum(drawn_yuan) OVER upto AS DECIMAL(18, 2)) AS drawn_yuan,
        CAST(sum(drawn_in_month_yuan) OVER upto AS DECIMAL(18, 2)) AS drawn_in_month_yuan,
        CAST(sum(contracts) OVER upto AS BIGINT) AS contracts,
        CAST(sum(contracts_to_100k) OVER upto AS BIGINT) AS contracts_to_100k,
        CAST(sum(contracts_to_200k) OVER upto AS BIGINT) AS contracts_to_200k,
        CAST(sum(contracts_from_200k) OVER upto AS BIGINT) AS contracts_from_200k,
        CAST(sum(relief_offered_households) OVER upto AS BIGINT) AS relief_offered_households,
        CAST(sum(relief_kept_households) OVER upto AS BIGINT) AS relief_kept_households,
        CAST(sum(relief_interest_fen) OVER upto AS BIGINT) AS relief_interest_fen,
        CAST(sum(traders_answered) OVER upto AS BIGINT) AS traders_answered,
        CAST(sum(traders_in_time) OVER upto AS BIGINT) AS traders_in_time,
        CAST(sum(traders_waiting) OVER upto AS BIGINT) AS traders_waiting
    FROM by_month
    WINDOW upto AS (PARTITION BY county_code, township_code, village_code, product ORDER BY month
        ROWS UNBOUNDED PRECEDING)
)
SELECT m.month, m.counted_on, s.* EXCLUDE (month, until_month),
    CASE WHEN villages > 0 AND credited_households > 0 THEN 1 ELSE 0 END AS villages_covered
FROM summed AS s JOIN begun AS b USING (county_code, product)
JOIN "inner".months AS m ON m.month >= greatest(s.month, b.first_month) AND m.month < s.until_month
