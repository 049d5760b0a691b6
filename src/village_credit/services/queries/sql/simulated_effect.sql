-- How many households one set of limits moves from another, and by how much, whole yuan.
WITH moved AS (
    SELECT coalesce(a.limit_yuan, 0) - coalesce(b.limit_yuan, 0) AS yuan
    FROM limits_after AS a FULL JOIN limits_before AS b USING (household_key)
)
SELECT count(*) FILTER (yuan <> 0) AS households, count(*) FILTER (yuan > 0) AS raised,
    count(*) FILTER (yuan < 0) AS lowered, CAST(coalesce(sum(yuan) FILTER (yuan > 0), 0) AS BIGINT) AS raised_yuan,
    CAST(coalesce(sum(yuan) FILTER (yuan < 0), 0) AS BIGINT) AS lowered_yuan,
    CAST(coalesce(sum(yuan), 0) AS BIGINT) AS yuan
FROM moved
