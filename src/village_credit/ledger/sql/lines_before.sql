-- Lines that run on the day before `as_of`, or start on it, with what is drawn of them.
SELECT household_key, product, limit_yuan, term_months, valid_from, valid_to, drawn_yuan
FROM lines LEFT JOIN drawn USING (household_key, product)
WHERE valid_from <= $as_of AND valid_to >= $as_of::DATE - 1
ORDER BY household_key, product
