-- Rows of one key with different contents: the only one whose path says it corrects, else none stands.
WITH counted AS (
    SELECT row_id, is_correction, count(*) OVER same AS rows_of_key,
        count(*) FILTER (is_correction) OVER same AS correcting
    FROM (SELECT given.*, source_id IN (SELECT source_id FROM corrections) AS is_correction FROM given)
    WINDOW same AS (PARTITION BY {fields}))
SELECT row_id, CASE WHEN correcting = 1 THEN 'superseded' ELSE 'quarantined' END AS outcome,
       CASE WHEN correcting = 1 THEN NULL ELSE 'CONFLICTING_ROWS' END AS reason_code
FROM counted WHERE rows_of_key > 1 AND NOT (correcting = 1 AND is_correction) ORDER BY row_id
