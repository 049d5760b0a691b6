CREATE TABLE found AS
SELECT subject_id, unit_code, person_no, stage, pass, agreement, CAST(NULL AS DOUBLE) AS score,
    CAST(NULL AS DOUBLE) AS margin, status FROM id_links
UNION ALL
SELECT subject_id, unit_code, person_no, 3, pass, agreement, score, margin, 'provisional'
FROM scored_links WHERE is_accepted
