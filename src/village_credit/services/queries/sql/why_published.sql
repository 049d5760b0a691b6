-- A household, product and cause: from the line in force to the line that a run puts in its place. Each line goes the
-- way from the run that decided it; what its branch had set since is lifted before. Who is held has nothing on either
-- side, and nothing that changes.
WITH named AS (  -- a batch says nothing of lines that it does not name
    SELECT household_key, product FROM decided WHERE $product IS NULL OR product = $product
), concerned AS (
    SELECT household_key, product, limit_yuan, run_id FROM lines
    WHERE $product IS NULL OR (household_key, product) IN (FROM named)
), ways AS (  -- who had no such line goes the way from the county's whole publication
    SELECT p.household_key, p.product, p.cause, p.yuan
    FROM parts AS p LEFT JOIN concerned AS c USING (household_key, product)
    WHERE p.run_id = coalesce(c.run_id, $whole) AND ($product IS NULL OR (p.household_key, p.product) IN (FROM named))
), set_by_branches AS (
    SELECT c.household_key, c.product, 'branch' AS cause, coalesce(s.limit_yuan, 0) - c.limit_yuan AS yuan
    FROM concerned AS c LEFT JOIN stored AS s USING (run_id, household_key, product)
), first_asked AS (  -- nothing of the whole county stands below a batch: there is no way to go
    SELECT household_key, product, 'batch' AS cause, limit_yuan AS yuan
    FROM decided ANTI JOIN lines USING (household_key, product) WHERE $whole IS NULL
), every AS (
    FROM ways UNION ALL FROM set_by_branches UNION ALL FROM first_asked
), villages AS (
    SELECT household_key, village_code FROM decided
    UNION ALL SELECT household_key, any_value(village_code) FROM lines ANTI JOIN decided USING (household_key) GROUP BY 1
)
SELECT household_key, village_code, product, cause, CAST(sum(yuan) AS BIGINT) AS yuan
FROM every ANTI JOIN held USING (household_key) LEFT JOIN villages USING (household_key)
GROUP BY ALL HAVING sum(yuan) <> 0 ORDER BY ALL
