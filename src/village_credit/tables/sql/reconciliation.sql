SELECT s.office, s.contract, s.file_name, s.file_sha256, s.sheet, r.line_number, r.outcome, k.household_key
FROM reconciliation AS r JOIN sources AS s USING (source_id)
LEFT JOIN links AS l USING (row_id) LEFT JOIN keys AS k USING (unit_code)
ORDER BY s.file_name, s.sheet, r.line_number
