-- A place at every level, product ('all': a household with several counts once) and month in China: what stood at its end, was drawn, contracted, relieved and answered. Rows of every place of a county from the first month on at whose end a decision on the product stood in that county, with noughts where there is nothing. Exact, for the house: only an export hides small counts
WITH villages AS MATERIALIZED (
    FROM "inner".village_months
), townships AS (
    SELECT county_code, township_code, product, month, counted_on,
        sum(COLUMNS(* EXCLUDE (county_code, township_code, village_code, product, month, counted_on)))
    FROM villages GROUP BY ALL
), shared AS (  -- a code of villages in several townships, as that of those of no village may be
    SELECT village_code FROM (SELECT DISTINCT county_code, township_code, village_code FROM villages)
    GROUP BY ALL HAVING count(*) > 1
), places AS (
    SELECT level, CASE level WHEN 'township' THEN township_code WHEN 'county' THEN county_code
        WHEN 'prefecture' THEN left(county_code, 4) ELSE left(county_code, 2) END AS place_code,
        * EXCLUDE (county_code, township_code, level)
    FROM townships, (SELECT unnest(['township', 'county', 'prefecture', 'region']) AS level)
    UNION ALL BY NAME
    SELECT 'village' AS level, village_code AS place_code, * EXCLUDE (county_code, township_code, village_code)
    FROM villages SEMI JOIN shared USING (village_code)
), added AS (
    SELECT level, place_code, product, month, counted_on,
        sum(COLUMNS(* EXCLUDE (level, place_code, product, month, counted_on)))
    FROM places GROUP BY ALL
    UNION ALL BY NAME
    SELECT 'village' AS level, village_code AS place_code, * EXCLUDE (county_code, township_code, village_code)
    FROM villages ANTI JOIN shared USING (village_code)
)
SELECT level, place_code, product, strftime(month, '%Y-%m') AS month, counted_on,
    CAST(villages AS BIGINT) AS villages, CAST(villages_covered AS BIGINT) AS villages_covered,
    CAST(households AS BIGINT) AS households, CAST(credited_households AS BIGINT) AS credited_households,
    credited_households / nullif(households, 0) AS coverage,
    CAST(newly_credited_households AS BIGINT) AS newly_credited_households,
    CAST(in_force_yuan AS BIGINT) AS in_force_yuan, CAST(frozen_yuan AS BIGINT) AS frozen_yuan,
    CAST(nullif(year_before_yuan, 0) AS BIGINT) AS year_before_yuan,
    in_force_yuan / nullif(year_before_yuan, 0) - 1 AS growth_share,
    CAST(drawn_households AS BIGINT) AS drawn_households, CAST(drawn_yuan AS DECIMAL(18, 2)) AS drawn_yuan,
    CAST(drawn_yuan AS DOUBLE) / nullif(in_force_yuan, 0) AS drawn_share,
    CAST(drawn_in_month_yuan AS DECIMAL(18, 2)) AS drawn_in_month_yuan, CAST(contracts AS BIGINT) AS contracts,
    CAST(contracts_to_100k AS BIGINT) AS contracts_to_100k, CAST(contracts_to_200k AS BIGINT) AS contracts_to_200k,
    CAST(contracts_from_200k AS BIGINT) AS contracts_from_200k,
    CAST(relief_offered_households AS BIGINT) AS relief_offered_households,
    CAST(relief_kept_households AS BIGINT) AS relief_kept_households,
    CAST(relief_interest_fen * 0.01 AS DECIMAL(18, 2)) AS relief_interest_yuan,
    CAST(traders_answered AS BIGINT) AS traders_answered, CAST(traders_in_time AS BIGINT) AS traders_in_time,
    CAST(traders_waiting AS BIGINT) AS traders_waiting
FROM added
WHERE villages + households + newly_credited_households + drawn_households + contracts + relief_offered_households
    + relief_kept_households + traders_answered + traders_waiting > 0 OR drawn_in_month_yuan <> 0
ORDER BY level, place_code, product, month
