-- How often a finding was made of a map, those of whole maps first
SELECT file_name, sheet, reason_code, count(*), min(line_number), any_value(value) FILTER (line_number IS NULL)
FROM t_shape_findings GROUP BY ALL ORDER BY file_name, sheet, min(line_number) NULLS FIRST, reason_code
