-- A household that may have lines of several products: one of it is not of the product that most lines are of
WITH most AS (
    SELECT product FROM "inner".decisions GROUP BY ALL ORDER BY count(*) DESC, product LIMIT 1
)
SELECT DISTINCT household_key FROM "inner".decisions WHERE product <> (FROM most)
