SELECT row_id, 'duplicate' AS outcome, CAST(NULL AS VARCHAR) AS reason_code
FROM given
QUALIFY row_number() OVER (PARTITION BY {compared} ORDER BY row_id) > 1
ORDER BY row_id
