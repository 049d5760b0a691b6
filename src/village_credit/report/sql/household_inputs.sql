-- A household's accepted lines, each with how it was linked.
SELECT * EXCLUDE (file_sha256) RENAME (status AS link, source_table AS contract)
FROM linked_rows WHERE household_key = $key AND outcome = 'accepted'
ORDER BY office, file_name, sheet, line_number
