-- A branch's word holds for whoever took the line over; of several the lowest.
SELECT unit_code, product, min(said_yuan) AS said_yuan, arg_min(said_on, said_yuan) AS said_on
FROM known JOIN keys USING (household_key) GROUP BY unit_code, product ORDER BY ALL
