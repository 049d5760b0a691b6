CREATE TABLE final AS
WITH kept AS (
    SELECT found.* REPLACE (CASE WHEN spoken.verdict = 'same' THEN 'confirmed'
        WHEN spoken.verdict = 'other' THEN 'refused' ELSE status END AS status)
    FROM found LEFT JOIN spoken ON spoken.subject_id = found.subject_id AND spoken.unit_code = found.unit_code
    WHERE found.subject_id NOT IN (SELECT subject_id FROM spoken WHERE verdict = 'same' AND unit_code IS DISTINCT
    FROM found.unit_code)
)
SELECT * FROM kept
UNION ALL
SELECT spoken.subject_id, spoken.unit_code, NULL, 3, 'reviewed', doubts.agreement, doubts.score, doubts.margin,
    'confirmed'
FROM spoken LEFT JOIN doubts ON doubts.subject_id = spoken.subject_id AND doubts.unit_code = spoken.unit_code
WHERE verdict = 'same' AND NOT EXISTS (SELECT 1 FROM kept WHERE kept.subject_id = spoken.subject_id)
