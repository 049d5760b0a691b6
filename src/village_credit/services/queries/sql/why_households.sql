-- A household, product and cause, of those that are asked for.
SELECT household_key, product, cause, yuan FROM parts SEMI JOIN asked USING (household_key)
