SELECT source_id, CAST(unnest(generate_series(line_number, last_line)) AS INTEGER) AS line_number, outcome, row_id
FROM settled
UNION ALL SELECT source_id, line_number, outcome, NULL FROM loose
ORDER BY source_id, line_number
