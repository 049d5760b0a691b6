-- What a person must look at: links that wait, conflicts, and likenesses that a rule stopped. A stopped likeness of
-- a damaged row is shown too: a person's word links what the rules leave quarantined.
SELECT subject_id, unit_code, agreement, CAST(NULL AS DOUBLE) AS score, CAST(NULL AS DOUBLE) AS margin, pass,
    status, 1 AS weight
FROM id_links WHERE status <> 'automatic' AND unit_code IS NOT NULL
UNION ALL
SELECT subject_id, unit_code, agreement, NULL, NULL, 'id_of_two_households', status, 1 FROM contested
UNION ALL
SELECT subject_id, unit_code, agreement, score, margin, CASE WHEN is_accepted THEN pass WHEN is_taken THEN 'taken'
    ELSE 'tie' END,
       CASE WHEN is_accepted THEN 'provisional' ELSE 'unlinked' END, 1
FROM scored_links
