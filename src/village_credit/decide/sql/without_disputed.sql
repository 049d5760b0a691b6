-- Leave the disputed data of some households out: a column becomes null, a row without it goes.
SELECT * REPLACE (CASE WHEN unit_code IN (SELECT unit_code FROM units) THEN NULL ELSE {column} END AS {column})
FROM given
