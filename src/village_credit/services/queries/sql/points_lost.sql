-- What cost the households points that are declined for their score, most points first.
SELECT household_key,
    list({'feature': feature, 'reason_zh': reason_zh} ORDER BY rank) FILTER (reason_zh IS NOT NULL)
FROM (
    FROM read_parquet($points, hive_partitioning = false)
    UNION ALL BY NAME SELECT NULL::VARCHAR AS reason_zh WHERE false  -- runs of older code have no such column
)
WHERE household_key IN (
    SELECT household_key FROM read_parquet($decisions, hive_partitioning = false) WHERE reason_codes[1] = 'LOWEST_BAND'
)
GROUP BY household_key
