SELECT s.office, s.contract, s.file_name, s.file_sha256, s.sheet, r.line_number, r.outcome
FROM reconciliation AS r JOIN sources AS s USING (source_id)
ORDER BY s.file_name, s.sheet, r.line_number
