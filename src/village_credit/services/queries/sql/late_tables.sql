-- How many tables are late or lacking, by run
SELECT run_id, count(DISTINCT contract) AS tables
FROM read_parquet($paths, hive_partitioning = false, union_by_name = true)
WHERE state <> 'complete' GROUP BY run_id
