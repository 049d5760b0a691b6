SELECT k.household_key, p.* EXCLUDE (unit_code) FROM points AS p JOIN keys AS k USING (unit_code)
SEMI JOIN decisions USING (unit_code) ORDER BY 1, rank, feature
