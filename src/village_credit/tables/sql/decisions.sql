SELECT h.county_code, h.township_code, h.village_code, k.household_key, d.* EXCLUDE (unit_code, borrower_member_no),
       CAST(d.default_probability_ppm AS DOUBLE) / 1000000 AS default_probability
FROM decisions AS d JOIN keys AS k USING (unit_code) JOIN households AS h USING (unit_code)
ORDER BY k.household_key
