-- A line that speaks of somebody, the household that it was linked to, and the register's line on the other side: for the vault.
SELECT s.office, s.contract AS source_table, s.file_name, s.file_sha256, s.sheet, r.line_number, r.outcome,
    k.household_key, l.stage, l.pass, l.agreement, l.score, l.margin, l.status, l.rules_version,
    b.file_name AS roster_file, b.sheet AS roster_sheet, o.line_number AS roster_line
FROM reconciliation AS r JOIN links AS l USING (row_id) JOIN sources AS s ON r.source_id = s.source_id
LEFT JOIN first_lines AS o ON o.row_id = l.roster_row_id LEFT JOIN sources AS b ON b.source_id = o.source_id
LEFT JOIN keys AS k USING (unit_code)
ORDER BY s.file_name, s.sheet, r.line_number
