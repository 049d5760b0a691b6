-- A village, product ('all': a household with several counts once) and month: what adds up to every place above it.
-- Nothing is filled in here: a village of which nothing is to be said of a product has its noughts. All of it is the sum
-- of what began and ended up to the month; what is of a month alone ends with it
WITH divisions AS (  -- the last whole publication's, a withdrawn one's too: who delivered nothing is a village
    SELECT county_code, run_id, CAST(date_trunc('month', published_on) AS DATE) AS month,
        coalesce(lead(month) OVER (PARTITION BY county_code ORDER BY number), DATE '9999-12-01') AS until_month
    FROM "inner".publications WHERE product IS NULL
), lines AS (
    FROM "inner".line_changes
), begun AS (  -- from the first month on at whose end a decision on the product stood in the county
    SELECT county_code, product, min(month) AS first_month FROM lines WHERE households > 0 GROUP BY ALL
    UNION ALL SELECT county_code, 'all', min(month) FROM lines WHERE households > 0 GROUP BY ALL
), villages AS (
    SELECT greatest(d.month, b.first_month) AS month, d.until_month, d.county_code, p.within_code AS township_code,
        p.place_code AS village_code, b.product
    FROM divisions AS d JOIN begun AS b USING (county_code) JOIN "inner".places AS p USING (run_id)
    WHERE p.level = 'village' AND greatest(d.month, b.first_month) < d.until_month
), told AS (
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
), summed AS (
    SELECT month, county_code, township_code, village_code, product,
        lead(month) OVER upto AS until_month,
        sum(sum(villages)) OVER upto AS villages,
        sum(sum(households)) OVER upto AS households,
        sum(sum(credited_households)) OVER upto AS credited_households,
        sum(sum(newly_credited_households)) OVER upto AS newly_credited_households,
        sum(sum(in_force_yuan)) OVER upto AS in_force_yuan,
        sum(sum(frozen_yuan)) OVER upto AS frozen_yuan,
        sum(sum(year_before_yuan)) OVER upto AS year_before_yuan,
        sum(sum(drawn_households)) OVER upto AS drawn_households,
        sum(sum(drawn_yuan)) OVER upto AS drawn_yuan,
        sum(sum(drawn_in_month_yuan)) OVER upto AS drawn_in_month_yuan,
        sum(sum(contracts)) OVER upto AS contracts,
        sum(sum(contracts_to_100k)) OVER upto AS contracts_to_100k,
        sum(sum(contracts_to_200k)) OVER upto AS contracts_to_200k,
        sum(sum(contracts_from_200k)) OVER upto AS contracts_from_200k,
        sum(sum(relief_offered_households)) OVER upto AS relief_offered_households,
        sum(sum(relief_kept_households)) OVER upto AS relief_kept_households,
        sum(sum(relief_interest_fen)) OVER upto AS relief_interest_fen,
        sum(sum(traders_answered)) OVER upto AS traders_answered,
        sum(sum(traders_in_time)) OVER upto AS traders_in_time,
        sum(sum(traders_waiting)) OVER upto AS traders_waiting
    FROM changes GROUP BY month, county_code, township_code, village_code, product
    WINDOW upto AS (PARTITION BY county_code, township_code, village_code, product ORDER BY month)
)
SELECT m.month, m.counted_on, s.county_code, s.township_code, s.village_code, s.product,
    CASE WHEN villages > 0 AND credited_households > 0 THEN 1 ELSE 0 END AS villages_covered,
    coalesce(COLUMNS(s.* EXCLUDE (month, until_month, county_code, township_code, village_code, product)), 0)
FROM summed AS s JOIN begun AS b USING (county_code, product) JOIN "inner".months AS m
    ON m.month >= greatest(s.month, b.first_month) AND m.month < coalesce(s.until_month, DATE '9999-12-31')
