-- What cost the households points that are declined for their score, most points first.
SELECT household_key,
    list({'feature': feature, 'reason_zh': reason_zh} ORDER BY rank) FILTER (reason_zh IS NOT NULL)
FROM read_parquet($points, hive_partitioning = false)
WHERE household_key IN (
    SELECT household_key FROM read_parquet($decisions, hive_partitioning = false) WHERE reason_codes[1] = 'LOWEST_BAND'
)
GROUP BY household_key
