-- What is the matter with a parcel's shape, or with a map as a whole
SELECT $office::VARCHAR AS office, m.file_name, m.sheet, f.line_number, f.reason_code, t.reason_zh,
       f.value, f.expected, f.unit, o.file_name AS other_file, o.sheet AS other_sheet, f.other_line
FROM found AS f JOIN maps AS m USING (map) JOIN texts AS t USING (reason_code) LEFT JOIN maps AS o ON o.map = f.other_map
ORDER BY m.file_name, m.sheet, f.line_number NULLS FIRST, f.reason_code, other_file, other_sheet, f.other_line
