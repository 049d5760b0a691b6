-- The units of rows that one of two tables has and the other lacks.
SELECT DISTINCT unit_code FROM (
    (FROM before_rows EXCEPT ALL FROM after_rows) UNION ALL (FROM after_rows EXCEPT ALL FROM before_rows)
) ORDER BY unit_code
