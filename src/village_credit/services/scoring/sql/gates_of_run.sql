-- one row per gate of a run: what failed first, then what warns
SELECT gate, value, threshold, verdict FROM read_parquet($p, hive_partitioning = false)
ORDER BY list_position(['fail', 'warn', 'pass'], verdict), gate
