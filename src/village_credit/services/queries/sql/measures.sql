-- The households that are offered each measure of relief, before and after.
SELECT measure, count(DISTINCT household_key) AS households
FROM read_parquet($paths, hive_partitioning = false) GROUP BY measure
