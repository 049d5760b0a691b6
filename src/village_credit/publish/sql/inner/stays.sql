-- A publication of a whole county and a span of months: it stood at the end of `month` and of each one before
-- `until_month`, which is the month after the last where it stands still
SELECT county_code, publication_id, run_id, product, place, published_at,
    CAST(date_trunc('month', from_on) AS DATE) AS month,
    CAST(CASE WHEN until_on <= last.day THEN date_trunc('month', until_on)
        ELSE date_trunc('month', last.day) + INTERVAL 1 MONTH END AS DATE) AS until_month
FROM "inner".stood, "inner".last_day AS last
WHERE product IS NULL AND from_on <= last.day AND month < until_month
