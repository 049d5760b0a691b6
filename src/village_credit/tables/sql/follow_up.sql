SELECT h.county_code, h.township_code, h.village_code, k.household_key, f.* EXCLUDE (unit_code)
FROM follow_up AS f JOIN keys AS k USING (unit_code) JOIN households AS h USING (unit_code) ORDER BY k.household_key
