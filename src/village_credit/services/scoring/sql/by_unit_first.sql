-- What is known of a household: its own word before that of a household which it took over.
SELECT * EXCLUDE (household_key, place)
FROM (SELECT unit_code, place, known.* FROM known JOIN keys USING (household_key))
QUALIFY row_number() OVER (PARTITION BY unit_code, {line} ORDER BY place, household_key) = 1
ORDER BY ALL
