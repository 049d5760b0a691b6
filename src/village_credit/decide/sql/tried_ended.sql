-- Lines that are over and whose renewal nobody signed, once a trial: none where it is signed.
SELECT t.trial AS unit_code, e.* EXCLUDE (unit_code)
FROM trials AS t JOIN given_ended AS e ON e.unit_code = t.unit
WHERE t.what <> 'renewal'
