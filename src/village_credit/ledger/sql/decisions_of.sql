-- What publications decided of each line.
SELECT run_id, household_key, product, limit_yuan
FROM read_parquet($paths, union_by_name = true, hive_partitioning = false)
