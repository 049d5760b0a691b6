-- A place at every level, product ('all': a household with several counts once) and month in China: what stood at its end, was drawn, contracted, relieved and answered. Rows of every place of a county from the first month on at whose end a decision on the product stood in that county, with noughts where there is nothing. Exact, for the house: only an export hides small counts
WITH levels AS (
    SELECT unnest(['village', 'township', 'county', 'prefecture', 'region']) AS level
), begun AS (  -- before they are added up, so that each level is the sum of the one below
    SELECT * FROM "inner".village_months
    QUALIFY month >= min(month) FILTER (households > 0) OVER (PARTITION BY county_code, product)
), placed AS (
    SELECT v.*, level,
        CASE level WHEN 'village' THEN village_code WHEN 'township' THEN township_code WHEN 'county' THEN county_code
            WHEN 'prefecture' THEN left(county_code, 4) ELSE left(county_code, 2) END AS place_code
    FROM begun AS v, levels
), added AS (
    SELECT level, place_code, product, month,
        CAST(sum(villages) AS BIGINT) AS villages,
        CAST(sum(villages_covered) AS BIGINT) AS villages_covered,
        CAST(sum(households) AS BIGINT) AS households,
        CAST(sum(credited_households) AS BIGINT) AS credited_households,
        CAST(sum(newly_credited_households) AS BIGINT) AS newly_credited_households,
        CAST(sum(in_force_yuan) AS BIGINT) AS in_force_yuan,
        CAST(sum(frozen_yuan) AS BIGINT) AS frozen_yuan,
        CAST(sum(drawn_households) AS BIGINT) AS drawn_households,
        CAST(sum(drawn_yuan) AS DECIMAL(18, 2)) AS drawn_yuan,
        CAST(sum(drawn_in_month_yuan) AS DECIMAL(18, 2)) AS drawn_in_month_yuan,
        CAST(sum(contracts) AS BIGINT) AS contracts,
        CAST(sum(contracts_to_100k) AS BIGINT) AS contracts_to_100k,
        CAST(sum(contracts_to_200k) AS BIGINT) AS contracts_to_200k,
        CAST(sum(contracts_from_200k) AS BIGINT) AS contracts_from_200k,
        CAST(sum(relief_offered_households) AS BIGINT) AS relief_offered_households,
        CAST(sum(relief_kept_households) AS BIGINT) AS relief_kept_households,
        CAST(sum(relief_interest_fen) AS DECIMAL(18, 2)) AS relief_interest_fen,
        CAST(sum(traders_answered) AS BIGINT) AS traders_answered,
        CAST(sum(traders_in_time) AS BIGINT) AS traders_in_time,
        CAST(sum(traders_waiting) AS BIGINT) AS traders_waiting
    FROM placed GROUP BY ALL
)
SELECT b.level, b.place_code, b.product, strftime(b.month, '%Y-%m') AS month, m.counted_on, b.villages,
    b.villages_covered, b.households, b.credited_households,
    b.credited_households / nullif(b.households, 0) AS coverage, b.newly_credited_households, b.in_force_yuan,
    b.frozen_yuan, y.in_force_yuan AS year_before_yuan,
    b.in_force_yuan / nullif(y.in_force_yuan, 0) - 1 AS growth_share, b.drawn_households, b.drawn_yuan,
    CAST(b.drawn_yuan AS DOUBLE) / nullif(b.in_force_yuan, 0) AS drawn_share, b.drawn_in_month_yuan, b.contracts,
    b.contracts_to_100k, b.contracts_to_200k, b.contracts_from_200k, b.relief_offered_households,
    b.relief_kept_households, CAST(b.relief_interest_fen * 0.01 AS DECIMAL(18, 2)) AS relief_interest_yuan,
    b.traders_answered, b.traders_in_time, b.traders_waiting
FROM added AS b JOIN "inner".months AS m USING (month)
LEFT JOIN added AS y ON y.level = b.level AND y.place_code = b.place_code AND y.product = b.product
    AND y.month = b.month - INTERVAL 1 YEAR AND y.in_force_yuan > 0
ORDER BY ALL
