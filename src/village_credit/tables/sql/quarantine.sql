SELECT s.office, s.contract, s.file_name, s.sheet, f.line_number,
       CASE WHEN list_contains($plain_keys, s.contract) THEN f.own_key ELSE hash_key(f.own_key) END AS office_key,
       f.field, f.rule, f.reason_code, t.reason_zh, f.value_masked, f.is_quarantine
FROM findings AS f JOIN sources AS s USING (source_id) LEFT JOIN reason_texts AS t USING (reason_code)
ORDER BY s.file_name, s.sheet, f.line_number, f.field, f.rule, f.reason_code
