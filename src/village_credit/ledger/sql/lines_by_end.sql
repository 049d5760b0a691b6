-- Lines in force by their ends; and those over before their publication, which still wait for a renewal.
SELECT household_key, product, valid_to AS ended_on FROM lines WHERE valid_to IS NOT NULL
UNION
SELECT w.household_key, w.product, w.ended_on
FROM waiting AS w SEMI JOIN lines AS l
    ON l.run_id = w.run_id AND l.household_key = w.household_key AND l.product = w.product AND l.valid_to IS NULL
ORDER BY ALL
