-- On the day of a merge or split a household has at most what its predecessors had, less what their closed lines owe:
-- unit_code, most_yuan. A code that is merely another is no merge and no split.
WITH taken AS (
    SELECT unit_code, household_key, sum(CASE WHEN role = 'split_off' THEN 0
        WHEN role = 'merged' THEN greatest(0, limit_yuan - owed_yuan) ELSE limit_yuan END) AS yuan
    FROM succession WHERE NOT is_recode GROUP BY ALL
), staying AS (  -- who keeps its code while a part of it leaves
    SELECT r.unit_code, r.household_key, 0 AS yuan
    FROM here AS r WHERE r.is_known AND r.household_key IN (SELECT from_key FROM succession)
        AND r.unit_code NOT IN (SELECT unit_code FROM taken)
)
SELECT t.unit_code, CAST(t.yuan + CASE WHEN r.is_known THEN coalesce(l.limit_yuan, 0) ELSE 0 END AS BIGINT) AS most_yuan
FROM (FROM taken UNION ALL FROM staying) AS t JOIN here AS r USING (unit_code)
LEFT JOIN lines_of_all AS l ON l.household_key = r.household_key
ORDER BY t.unit_code
