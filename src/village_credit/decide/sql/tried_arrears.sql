-- Arrears, once a trial: none where they are paid.
SELECT t.trial AS unit_code, a.* EXCLUDE (unit_code)
FROM trials AS t JOIN given_arrears AS a ON a.unit_code = t.unit
WHERE t.what <> 'arrears'
