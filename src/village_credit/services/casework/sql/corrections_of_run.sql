-- one row per correction of an earlier run, with the run's day
SELECT office, correction_number, $as_of::DATE AS as_of FROM read_parquet($path, hive_partitioning = false)
