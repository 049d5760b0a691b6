-- Who is in a window today.
SELECT DISTINCT unit_code FROM merged WHERE $as_of BETWEEN starts_on AND ends_on ORDER BY unit_code
