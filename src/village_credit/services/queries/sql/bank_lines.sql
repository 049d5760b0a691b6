-- The bank's own lines as decisions: what a first publication keeps is not new.
SELECT l.household_key, village_code, l.product, 'granted' AS decision, NULL AS band, l.limit_yuan,
    'loaded' AS binding_term, [] AS reason_codes
FROM lines_before AS l JOIN decisions USING (household_key) WHERE NOT is_own
QUALIFY row_number() OVER (PARTITION BY l.household_key ORDER BY l.limit_yuan DESC) = 1
