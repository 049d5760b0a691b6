SELECT k.household_key, w.* EXCLUDE (unit_code) FROM waterfall AS w JOIN keys AS k USING (unit_code) ORDER BY 1
