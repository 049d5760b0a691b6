-- What is known of a household, once a trial: with the one figure changed that the trial changes, and what follows.
WITH moved AS (
    SELECT t.trial, t.what, k.* REPLACE (
        CASE WHEN what = 'registered_land' THEN coalesce(register, 0) + amount ELSE register END AS register,
        CASE WHEN what = 'subsidised_land' THEN coalesce(subsidised, 0) + amount ELSE subsidised END AS subsidised,
        CASE WHEN what = 'crop' THEN coalesce(declared, 0) + amount ELSE declared END AS declared,
        CASE WHEN what = 'wages' THEN coalesce(wages, 0) + e12(amount) ELSE wages END AS wages,
        CASE WHEN what = 'livestock_income' THEN coalesce(livestock, 0) + e12(amount) ELSE livestock END AS livestock,
        CASE WHEN what = 'trade_income' THEN coalesce(trade, 0) + e12(amount) ELSE trade END AS trade,
        -- what nobody knew is proven in full, as a fact found out in review is
        CASE WHEN what = 'wages' AND wages IS NULL THEN 2 ELSE wages_years END AS wages_years,
        CASE WHEN what = 'livestock_income' AND livestock IS NULL THEN 2 ELSE livestock_years END AS livestock_years,
        CASE WHEN what = 'trade_income' AND trade IS NULL THEN 2 ELSE trade_years END AS trade_years,
        CASE WHEN what = 'turnover' THEN coalesce(turnover_fen, 0) + amount * 100 ELSE turnover_fen END AS turnover_fen,
        CASE WHEN what = 'turnover' THEN coalesce(turnover_months, 12) ELSE turnover_months END AS turnover_months,
        CASE WHEN what = 'sheep' THEN sheep + amount ELSE sheep END AS sheep,
        CASE WHEN what = 'cattle' THEN cattle + amount ELSE cattle END AS cattle,
        coalesce(t.ppm, k.ppm) AS ppm)
    FROM trials AS t JOIN given_known AS k ON k.unit_code = t.unit
), landed AS (
    SELECT * REPLACE (least(register, subsidised) AS area) FROM moved  -- LEAST passes over nulls
)
SELECT trial AS unit_code, * EXCLUDE (trial, what, unit_code)
    REPLACE (CASE WHEN area > coalesce(declared, 0) THEN area - coalesce(declared, 0) END AS residue)
FROM landed
