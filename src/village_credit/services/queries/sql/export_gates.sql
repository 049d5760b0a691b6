-- A gate of a run in force. `in_force`: county_code, run_id, overridden (gates).
SELECT i.county_code, i.run_id, gate, value, threshold, verdict, list_contains(overridden, gate) AS is_overridden
FROM read_parquet($paths, hive_partitioning = false) JOIN in_force AS i USING (run_id)
ORDER BY ALL
