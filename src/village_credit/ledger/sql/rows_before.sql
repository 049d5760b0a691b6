-- The standing rows per contract of a run; of none, none.
SELECT contract, CAST(sum(rows) AS BIGINT)
FROM read_parquet($path, hive_partitioning = false) WHERE measure = 'rows' GROUP BY contract ORDER BY contract
