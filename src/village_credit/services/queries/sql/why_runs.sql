-- A household, product and cause with the household's village: as the later run has it, else the earlier.
SELECT p.household_key, v.village_code, p.product, p.cause, p.yuan
FROM parts AS p LEFT JOIN (SELECT household_key, arg_max(village_code, 1) AS village_code FROM villages GROUP BY ALL) AS v
    USING (household_key)
ORDER BY ALL
