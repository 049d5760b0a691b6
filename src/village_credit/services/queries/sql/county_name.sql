SELECT max(place_name) FROM read_parquet($path, hive_partitioning = false) WHERE level = 'county'
