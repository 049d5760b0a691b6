-- How many households' limits change and how: their lines of the day before, together, against the run's; of a batch, whom it names and its product
WITH before AS (
    SELECT household_key, sum(limit_yuan) AS yuan FROM t_lines_before
    WHERE $product IS NULL
        OR (product = $product AND household_key IN (SELECT household_key FROM t_decisions))
    GROUP BY ALL
), after AS (
    SELECT household_key, sum(limit_yuan) AS yuan FROM t_decisions WHERE decision = 'granted' GROUP BY ALL
), both_sides AS (
    SELECT coalesce(b.yuan, 0) AS before_yuan, coalesce(a.yuan, 0) AS after_yuan
    FROM before AS b FULL JOIN after AS a USING (household_key)
)
SELECT CASE WHEN before_yuan = 0 THEN 'new' WHEN after_yuan = 0 THEN 'ended' WHEN after_yuan > before_yuan THEN 'raised'
    WHEN after_yuan < before_yuan THEN 'lowered' ELSE 'same' END AS change, count(*) AS households,
    CAST(sum(before_yuan) AS BIGINT) AS before_yuan, CAST(sum(after_yuan) AS BIGINT) AS after_yuan
FROM both_sides WHERE before_yuan > 0 OR after_yuan > 0
GROUP BY change ORDER BY list_position(['new', 'raised', 'lowered', 'same', 'ended'], change)
