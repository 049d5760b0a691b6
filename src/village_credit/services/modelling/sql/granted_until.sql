-- A line and its last day, as the last publication that granted it has it. `paths`: the runs' decisions, the latest last.
SELECT household_key, product, arg_max(valid_to, list_position($paths::VARCHAR[], filename)) AS valid_to
FROM read_parquet($paths, union_by_name = true, hive_partitioning = false, filename = true)
WHERE decision = 'granted' GROUP BY ALL
