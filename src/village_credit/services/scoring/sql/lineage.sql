-- The run's account of changed codes: what was known before, what is new, what a person must look at.
SELECT household_key, own_key, from_key, role, cause, changed_on, basis, shared_members, holds_borrower, since
FROM before
UNION ALL BY NAME
SELECT CASE WHEN role = 'goes_on' OR anew_key IS NULL THEN household_key ELSE anew_key END AS household_key, own_key,
    from_key, role, cause, changed_on, basis, shared AS shared_members, holds_borrower, $as_of::DATE AS since
FROM succession LEFT JOIN anew_keys USING (unit_code)
UNION ALL BY NAME
SELECT anew_key AS household_key, own_key, from_key, 'anew' AS role, 'shared_numbers' AS basis,
    coalesce(shared, 0) AS shared_members, coalesce(holds_borrower, false) AS holds_borrower, $as_of::DATE AS since
FROM anew JOIN anew_keys USING (unit_code) LEFT JOIN met USING (unit_code, from_key)
UNION ALL BY NAME
SELECT household_key, own_key, household_key AS from_key, 'replaced' AS role, 'shared_numbers' AS basis,
    0 AS shared_members, false AS holds_borrower, $as_of::DATE AS since
FROM here WHERE is_replaced
UNION ALL BY NAME
SELECT coalesce(anew_key, household_key) AS household_key, own_key, from_key, 'proposed' AS role,
    'shared_numbers' AS basis, shared AS shared_members, holds_borrower, $as_of::DATE AS since
FROM proposed LEFT JOIN anew_keys USING (unit_code)
UNION ALL BY NAME
SELECT from_key AS household_key, from_key, 'unregistered' AS role, 'shared_numbers' AS basis,
    shared AS shared_members, $as_of::DATE AS since
FROM unregistered WHERE from_key NOT IN (SELECT from_key FROM proposed)
UNION ALL BY NAME
SELECT from_key AS household_key, from_key, 'circle' AS role, changed_on, 'listed' AS basis, $as_of::DATE AS since
FROM in_circles
UNION ALL BY NAME
SELECT from_key AS household_key, from_key, 'contradicted' AS role, cause, changed_on, 'listed' AS basis,
    $as_of::DATE AS since
FROM contradicted
ORDER BY ALL
