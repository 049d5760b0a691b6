WITH said AS (SELECT unit_code, unnest(reason_codes) AS reason_code FROM decisions),
-- what grew worse was not supplied
stands AS (FROM said UNION ALL SELECT unit_code, 'OVERDUE' FROM said WHERE reason_code = 'OVERDUE_90'),
granted AS (SELECT unit_code FROM decisions WHERE list_contains(reason_codes, 'CONDITIONAL')),
known AS (
    SELECT b.unit_code, b.document, b.reason_code, b.item, b.granted_on, b.due_on,
           CASE WHEN b.state <> 'open' THEN b.state WHEN s.reason_code IS NULL THEN 'supplied'
                WHEN b.due_on < $as_of THEN 'lapsed' ELSE 'open' END AS state
    FROM before AS b SEMI JOIN decisions AS d ON d.unit_code = b.unit_code
    LEFT JOIN (SELECT DISTINCT * FROM stands) AS s ON s.unit_code = b.unit_code AND s.reason_code = b.reason_code
)
SELECT * FROM known
UNION ALL
SELECT w.unit_code, w.document, w.reason_code, w.item, w.granted_on, w.due_on, 'open' FROM waiting AS w
SEMI JOIN granted ON granted.unit_code = w.unit_code
SEMI JOIN stands ON stands.unit_code = w.unit_code AND stands.reason_code = w.reason_code
ANTI JOIN known ON known.unit_code = w.unit_code AND known.document = w.document AND known.reason_code = w.reason_code
ORDER BY ALL
