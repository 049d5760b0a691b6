-- Counties of these runs' decisions that name a household which a run grants a line.
SELECT DISTINCT county_code FROM read_parquet($paths, hive_partitioning = false)
SEMI JOIN (FROM read_parquet($decisions, hive_partitioning = false) WHERE decision = 'granted') USING (household_key)
