SELECT s.office, s.contract, s.file_name, s.sheet, c.line_number, c.correction_number, c.state,
       b.file_name AS corrected_by_file, b.sheet AS corrected_by_sheet, c.corrected_by_line, c.basis
FROM corrections AS c JOIN sources AS s USING (source_id) LEFT JOIN sources AS b ON b.source_id = c.corrected_by_source
ORDER BY s.file_name, s.sheet, c.line_number
