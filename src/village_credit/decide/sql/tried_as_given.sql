-- A table that no trial changes, once a trial.
SELECT t.trial AS unit_code, g.* EXCLUDE (unit_code) FROM trials AS t JOIN {given} AS g ON g.unit_code = t.unit
