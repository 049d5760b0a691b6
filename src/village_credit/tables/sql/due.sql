SELECT household_key, 'review_due' AS event, 1 AS happened, review_due_on AS due_on
FROM in_force WHERE review_due_on <= $as_of AND valid_to >= $as_of
UNION ALL
SELECT household_key, 'line_ends', 1, valid_to
FROM in_force WHERE valid_to BETWEEN $as_of AND $as_of::DATE + $ahead::INTEGER
UNION ALL
SELECT household_key, 'renewal_due', 1, ended_on FROM renewals_due
