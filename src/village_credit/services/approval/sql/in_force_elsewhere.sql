-- Per other county: how many of a run's granted lines its households have in force there.
SELECT n.county_code, count(*) AS lines
FROM ({lines}) AS n
SEMI JOIN read_parquet($decisions, hive_partitioning = false) AS d
    ON d.household_key = n.household_key AND d.product = n.product AND d.decision = 'granted'
WHERE n.limit_yuan > 0
GROUP BY n.county_code ORDER BY n.county_code
