-- Unit_code, village_code, outcome, is_bad and the features of the households whose outcome teaches.
SELECT f.*, h.village_code, o.outcome, o.is_bad
FROM features AS f JOIN outcomes AS o USING (unit_code) JOIN households AS h USING (unit_code)
WHERE o.is_bad IS NOT NULL ORDER BY f.unit_code
