-- Rows whose fields are all equal: every one but the first. Most rows share their hash with no other, and are not sorted.
WITH hashed AS (SELECT row_id, hash({compared}) AS h FROM given),
alike AS (SELECT row_id FROM hashed WHERE h IN (SELECT h FROM hashed GROUP BY h HAVING count(*) > 1))
SELECT row_id, 'duplicate' AS outcome, CAST(NULL AS VARCHAR) AS reason_code
FROM given SEMI JOIN alike USING (row_id)
QUALIFY row_number() OVER (PARTITION BY {compared} ORDER BY row_id) > 1
ORDER BY row_id
