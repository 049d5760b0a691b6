WITH seen AS (SELECT office, correction_number, min(as_of) AS first_seen FROM earlier GROUP BY ALL)
SELECT c.office, count(*) AS open_rows, min(first_seen) AS oldest_on,
    max(date_diff('day', first_seen, $as_of::DATE)) AS oldest_days,
       CAST(median(date_diff('day', first_seen, $as_of::DATE)) AS BIGINT) AS median_days,
       count(*) FILTER (date_diff('day', first_seen, $as_of::DATE) > 30) AS over_30_days
FROM read_parquet($corrections, hive_partitioning = false) AS c JOIN seen USING (office, correction_number)
WHERE c.state = 'open' GROUP BY c.office ORDER BY c.office
