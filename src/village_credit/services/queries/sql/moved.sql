-- How many households move, and by how much, whole yuan.
SELECT count(*) FILTER (change_yuan <> 0) AS households,
    count(*) FILTER (change_yuan > 0) AS raised, count(*) FILTER (change_yuan < 0) AS lowered,
    CAST(coalesce(sum(change_yuan) FILTER (change_yuan > 0), 0) AS BIGINT) AS raised_yuan,
    CAST(coalesce(sum(change_yuan) FILTER (change_yuan < 0), 0) AS BIGINT) AS lowered_yuan,
    CAST(coalesce(sum(change_yuan), 0) AS BIGINT) AS yuan
FROM compared
