-- What stands against a household, once a trial, without what the trial lifts.
SELECT t.trial AS unit_code, m.mark
FROM trials AS t JOIN given_marks AS m ON m.unit_code = t.unit
WHERE NOT (t.what = 'hold' AND m.mark = 'held') AND NOT (t.what = 'link' AND m.mark = 'doubtful')
