-- A household waits once under a declaration for each reason: its first day stands, and a second chance is not
-- given.
SELECT unit_code, document, reason_code, item, granted_on, due_on FROM before WHERE state = 'open' AND due_on >= $as_of
UNION
SELECT w.unit_code, w.document, i.reason_code, i.item, $as_of::DATE, $as_of::DATE + i.days::INTEGER
FROM windows AS w, items AS i
WHERE $as_of BETWEEN w.starts_on AND w.ends_on
AND NOT EXISTS (SELECT 1 FROM before AS b WHERE b.unit_code = w.unit_code AND b.document = w.document
    AND b.reason_code = i.reason_code)
QUALIFY row_number() OVER (PARTITION BY w.unit_code, i.reason_code ORDER BY w.document) = 1
ORDER BY ALL
