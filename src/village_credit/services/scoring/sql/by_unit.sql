-- What the store knows of households (limits in force, holds, reviews) by unit_code, as `decide` knows them.
SELECT * EXCLUDE (household_key)
FROM (SELECT unit_code, known.* FROM known JOIN keys USING (household_key)) ORDER BY ALL
