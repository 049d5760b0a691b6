-- Tables of units by household_key, ordered, as a run stores them.
SELECT k.household_key, g.* EXCLUDE (unit_code) FROM given AS g JOIN keys AS k USING (unit_code) ORDER BY ALL
