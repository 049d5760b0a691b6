WITH pending AS (
    SELECT row_id, CASE id_status {reason_codes} END AS reason_code,
           {record_text} AS record_text
    FROM identified WHERE id_status IN {statuses} AND NOT is_repaired
), known AS (
    SELECT row_id FROM pending WHERE (SELECT count(*) FROM verdicts) > 0
      AND record_key(record_text) IN (SELECT record_key FROM verdicts WHERE verdict = 'same')
)
SELECT row_id, reason_code FROM pending ANTI JOIN known USING (row_id) ORDER BY row_id
