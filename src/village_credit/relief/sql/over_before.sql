-- A window that was declared after the day had passed is another matter: what lapsed before it takes nothing there.
WITH over AS (FROM before WHERE state = 'lapsed' OR (state = 'open' AND due_on < $as_of)), said AS (
    SELECT b.unit_code, b.reason_code FROM over AS b WHERE NOT EXISTS (
        SELECT 1 FROM windows AS w
            WHERE w.unit_code = b.unit_code AND w.document <> b.document AND $as_of BETWEEN w.starts_on
                AND w.ends_on AND w.starts_on > b.due_on)
)
SELECT DISTINCT unit_code, reason_code
FROM (FROM said UNION ALL SELECT unit_code, 'OVERDUE_90' FROM said WHERE reason_code = 'OVERDUE') ORDER BY ALL
