-- Village_code and the features of the households that never drew: nobody knows how they would have repaid.
SELECT f.*, h.village_code
FROM features AS f JOIN outcomes AS o USING (unit_code) JOIN households AS h USING (unit_code)
WHERE o.outcome = 'never_drawn' ORDER BY f.unit_code
