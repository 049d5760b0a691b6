SELECT s.office, l.contract AS source_table, s.file_name, s.sheet, r.line_number, k.household_key, l.stage, l.pass,
    l.agreement,
       l.score, l.margin, l.status, l.rules_version,
       b.file_name AS roster_file, b.sheet AS roster_sheet, o.line_number AS roster_line
FROM links AS l JOIN first_lines AS r USING (row_id) JOIN sources AS s ON r.source_id = s.source_id
LEFT JOIN first_lines AS o ON o.row_id = l.roster_row_id LEFT JOIN sources AS b ON b.source_id = o.source_id
LEFT JOIN keys AS k USING (unit_code) ORDER BY s.file_name, s.sheet, r.line_number
