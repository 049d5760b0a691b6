SELECT a.*, d.reason_codes, i.name, coalesce(t.place_name, '') || coalesce(v.place_name, d.village_code) AS village
FROM authority AS a JOIN decisions AS d USING (household_key, product) LEFT JOIN identities AS i USING (household_key)
LEFT JOIN places AS v ON v.level = 'village' AND v.place_code = d.village_code
LEFT JOIN places AS t ON t.level = 'township' AND t.place_code = d.township_code
ORDER BY a.above_yuan DESC, d.village_code, household_key
