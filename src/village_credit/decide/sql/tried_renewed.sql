-- Lines whose renewal is signed, once a trial: with those that the trial signs.
SELECT t.trial AS unit_code, r.product FROM trials AS t JOIN given_renewed AS r ON r.unit_code = t.unit
UNION
SELECT t.trial, e.product FROM trials AS t JOIN given_ended AS e ON e.unit_code = t.unit WHERE t.what = 'renewal'
