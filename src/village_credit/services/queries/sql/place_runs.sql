-- A run in force: what it is of, and who prepared and signed it
SELECT run_id, product, as_of, prepared_by, approved_by, minutes,
    CAST(approved_at AT TIME ZONE 'Asia/Shanghai' AS DATE) AS approved_on,
    CAST(published_at AT TIME ZONE 'Asia/Shanghai' AS DATE) AS published_on
FROM runs WHERE list_contains($runs, run_id) ORDER BY as_of, run_id
