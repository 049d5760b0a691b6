SELECT k.household_key, c.* EXCLUDE (unit_code) FROM crop_terms AS c JOIN keys AS k USING (unit_code) ORDER BY 1, crop
