-- A gate of a run in force. `in_force`: county_code, run_id, overridden (gates); $counting: gates that count households.
SELECT i.county_code, i.run_id, gate, CASE WHEN list_contains($counting, gate) THEN NULL ELSE value END AS value,
    CASE WHEN list_contains($counting, gate) THEN CAST(value AS BIGINT) END AS households,
    threshold, verdict, list_contains(overridden, gate) AS is_overridden
FROM read_parquet($paths, hive_partitioning = false) JOIN in_force AS i USING (run_id)
ORDER BY ALL
