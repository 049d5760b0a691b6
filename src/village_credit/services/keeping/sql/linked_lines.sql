-- The lines that runs found to be of some households: file, sheet and number, with the household.
SELECT DISTINCT file_sha256, sheet, line_number, household_key
FROM read_parquet($paths, union_by_name = true, hive_partitioning = false)
WHERE list_contains($keys, household_key)
