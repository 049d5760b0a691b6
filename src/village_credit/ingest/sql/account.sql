-- Each physical line its one outcome, and each late quarantine its finding.
SELECT source_id, line_number, own_key, field, rule, reason_code, is_quarantine, value_masked
FROM findings LEFT JOIN spans USING (source_id, line_number)
UNION ALL
SELECT source_id, line_number, own_key, '', 'settle', reason_code, true, ''
FROM gone JOIN spans USING (row_id) WHERE reason_code IS NOT NULL
UNION ALL
SELECT source_id, line_number, own_key, '', 'link', reason_code, false, '' FROM claimed_twice JOIN spans USING (row_id)
ORDER BY source_id, line_number, field, rule
