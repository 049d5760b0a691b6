-- Machines, once a trial: with a new one of so many yuan where the trial buys one.
SELECT t.trial AS unit_code, m.years, m.price_fen FROM trials AS t JOIN given_machines_owned AS m ON m.unit_code = t.unit
UNION ALL
SELECT trial, 0, CAST(amount AS HUGEINT) * 100 FROM trials WHERE what = 'machine'
