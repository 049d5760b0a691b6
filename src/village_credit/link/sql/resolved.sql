-- A code of another time names the registered household of that place, where one and no second is registered.
SELECT t.* REPLACE (coalesce(exact.contractor_code, renamed.contractor_code, t.{column}) AS {column})
FROM t LEFT JOIN registered AS exact ON exact.contractor_code = t.{column}
LEFT JOIN (SELECT current_area(contractor_code) AS current_code, min(contractor_code) AS contractor_code FROM registered
           GROUP BY ALL HAVING count(*) = 1) AS renamed ON renamed.current_code = current_area(t.{column})
ORDER BY t.row_id
