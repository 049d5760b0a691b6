SELECT count(DISTINCT household_key) FROM read_parquet($path, hive_partitioning = false)
WHERE decision = 'manual_review' AND household_key NOT IN (SELECT unnest($said::VARCHAR[]))
