-- Close the account: one outcome a line, and every finding with its line.
SELECT sheet, line_number, field, reason_code, is_quarantine, value_masked FROM (
    SELECT source_id, line_number, field, reason_code, is_quarantine, value_masked FROM findings
    UNION ALL SELECT source_id, line_number, '', reason_code, true, ''
    FROM gone JOIN spans USING (row_id) WHERE reason_code IS NOT NULL
    UNION ALL SELECT source_id, line_number, '', reason_code, false, '' FROM noted JOIN spans USING (row_id))
JOIN sources USING (source_id) ORDER BY source_id, line_number, field, reason_code
