-- A line and what somebody should look into of its draws, by the one reckoning of warnings
WITH lines AS (SELECT household_key, product, limit_yuan FROM "inner".lines_known),
owed AS (FROM "inner".owed), draws AS (FROM "inner".draws),
draw_purposes AS (
    SELECT l.household_key, l.product, p.purpose
    FROM "inner".lines_known AS l JOIN "inner".draw_purposes AS p USING (run_id, product)
)
FROM ({warnings})
