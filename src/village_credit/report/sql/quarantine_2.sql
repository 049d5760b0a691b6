SELECT office, count(DISTINCT (file_name, sheet, line_number)) AS n
FROM t_quarantine WHERE is_quarantine GROUP BY office ORDER BY n DESC, office
