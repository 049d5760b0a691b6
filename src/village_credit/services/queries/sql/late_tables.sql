SELECT count(DISTINCT contract) FROM read_parquet($path, hive_partitioning = false) WHERE state <> 'complete'
