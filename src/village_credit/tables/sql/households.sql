SELECT k.household_key, h.county_code, h.township_code, h.village_code, h.persons_register AS persons, h.children,
       w.area_mu, c.crop AS main_crop, b.labourers, w.income_yuan,
       (SELECT list(contract ORDER BY contract) FROM facts_sources WHERE unit_code = h.unit_code) AS sources
FROM households AS h JOIN keys AS k USING (unit_code) LEFT JOIN waterfall AS w USING (unit_code)
LEFT JOIN (SELECT unit_code, arg_max(crop, (crop_mu, crop)) AS crop FROM crop_terms GROUP BY unit_code)
    AS c USING (unit_code)
LEFT JOIN (SELECT unit_code, arg_max(labourers, year) AS labourers FROM books GROUP BY unit_code) AS b USING (unit_code)
ORDER BY 1
