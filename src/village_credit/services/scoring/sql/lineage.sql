-- The run's account of changed codes: what was known before, what is new, what a person must confirm.
SELECT household_key, own_key, from_key, role, cause, changed_on, basis, shared_members, holds_borrower, since
FROM before
UNION ALL BY NAME
SELECT household_key, own_key, from_key, role, cause, changed_on, basis, shared AS shared_members, holds_borrower,
    $as_of::DATE AS since
FROM succession
UNION ALL BY NAME
SELECT household_key, own_key, from_key, 'proposed' AS role, 'shared_numbers' AS basis, shared AS shared_members,
    holds_borrower, $as_of::DATE AS since
FROM proposed
UNION ALL BY NAME
SELECT from_key AS household_key, from_key, 'circle' AS role, changed_on, 'listed' AS basis, $as_of::DATE AS since
FROM in_circles
ORDER BY ALL
