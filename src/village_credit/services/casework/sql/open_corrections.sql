SELECT c.file_name, c.sheet, c.line_number, c.correction_number,
    list({field: q.field, code: q.reason_code} ORDER BY q.field, q.reason_code) AS faults
FROM read_parquet($corrections, hive_partitioning = false) AS c
JOIN read_parquet($quarantine, hive_partitioning = false) AS q USING (file_name, sheet, line_number)
WHERE c.state = 'open' AND q.is_quarantine GROUP BY ALL ORDER BY c.file_name, c.sheet, c.line_number
