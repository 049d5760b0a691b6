-- A household that moved, in a county, and a span of months in which nothing of its lines there changed: all that any
-- publication, hold or branch's limit of it ever began or ended stands between spans
WITH own AS (
    SELECT DISTINCT household_key, county_code, run_id FROM "inner".decisions
    SEMI JOIN "inner".moved USING (household_key)
), days AS (
    SELECT household_key, o.county_code, unnest([from_on, until_on]) AS day
    FROM own AS o JOIN "inner".stood USING (run_id)
    UNION ALL SELECT household_key, o.county_code, unnest([from_on, until_on]) AS day
    FROM own AS o JOIN (SELECT household_key, from_on, until_on FROM "inner".branch_words
        UNION ALL SELECT household_key, from_on, until_on FROM "inner".was_held) USING (household_key)
), looks AS (
    SELECT DISTINCT household_key, county_code, CAST(date_trunc('month', days.day) AS DATE) AS month,
        CAST(date_trunc('month', last.day) + INTERVAL 1 MONTH AS DATE) AS end_month
    FROM days JOIN "inner".last_day AS last ON days.day <= last.day
)
SELECT household_key, county_code, month,
    lead(month, 1, end_month) OVER (PARTITION BY household_key, county_code ORDER BY month) AS until_month
FROM looks
