SELECT office, reason_code, count(DISTINCT (file_name, sheet, line_number)) AS n
FROM t_quarantine WHERE is_quarantine GROUP BY ALL ORDER BY n DESC, office, reason_code
