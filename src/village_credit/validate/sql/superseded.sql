-- The latest day supersedes; on a tie a path that says it corrects; without either all are in conflict.
WITH ranked AS (
    SELECT row_id, {fields}, row_number() OVER same AS place,
           rank() OVER (PARTITION BY {fields} ORDER BY {order} DESC NULLS LAST, is_correction DESC) AS standing,
           count(*) OVER (PARTITION BY {fields}) AS rows_of_key
    FROM (SELECT given.*, source_id IN (SELECT source_id FROM corrections) AS is_correction FROM given
          WHERE person_id IS NOT NULL)
    WINDOW same AS (PARTITION BY {fields} ORDER BY row_id)
), leaders AS (SELECT {fields}, count(*) AS leaders FROM ranked WHERE standing = 1 GROUP BY {fields})
SELECT row_id, CASE WHEN standing = 1 THEN 'quarantined' ELSE 'superseded' END AS outcome,
       CASE WHEN standing = 1 THEN 'CONFLICTING_ROWS' END AS reason_code
FROM ranked JOIN leaders USING ({fields})
WHERE rows_of_key > 1 AND (standing > 1 OR leaders > 1) ORDER BY row_id
