-- What a publication tells its branches, against the lines in force for the county before: who is new, changed,
-- frozen or
-- gone. A household that goes on with another product has a second row for the line that is over: a branch must
-- close it,
-- or freeze it while it is owed. A batch of one product ($is_complete false) tells of the households that it names
-- alone.
WITH before AS (  -- a line that is stopped has no limit, but runs on; one that its branch refused was never opened
    SELECT * FROM earlier
    WHERE (limit_yuan > 0 OR valid_to IS NOT NULL) AND NOT list_contains(reason_codes, 'BRANCH_REFUSED')
    QUALIFY row_number() OVER (PARTITION BY household_key, product ORDER BY limit_yuan DESC) = 1
), joined AS (
    SELECT now.*, before.household_key IS NOT NULL AS has_line, false AS is_gone, false AS is_replaced, 0 AS owed_yuan
    FROM decisions AS now LEFT JOIN before USING (household_key, product)
    UNION ALL BY NAME
    SELECT before.* REPLACE (
            CASE WHEN now.decision = 'manual_review' THEN 'manual_review' ELSE 'declined' END AS decision,
            CASE WHEN now.household_key IS NULL THEN ['NOT_IN_PUBLICATION']
                WHEN now.decision = 'granted' THEN ['PRODUCT_REPLACED'] ELSE now.reason_codes END AS reason_codes),
        true AS has_line, now.household_key IS NULL AS is_gone, now.household_key IS NOT NULL AS is_replaced,
        coalesce(floor(drawn_yuan), 0) AS owed_yuan
    FROM before ANTI JOIN decisions USING (household_key, product)
    LEFT JOIN decisions AS now USING (household_key) LEFT JOIN drawn USING (household_key, product)
    WHERE $is_complete AND ($product IS NULL OR before.product = $product)
), marked AS (
    SELECT *, household_key IN (SELECT household_key FROM held) AND NOT is_gone AS is_held FROM joined
), acted AS (
    SELECT * EXCLUDE (owed_yuan)
        REPLACE (CASE WHEN is_replaced THEN CAST(owed_yuan AS BIGINT) ELSE limit_yuan END AS limit_yuan),
        CASE WHEN is_gone THEN 'remove'
            WHEN is_held AND (has_line OR decision = 'granted') THEN 'freeze'
            WHEN list_contains(reason_codes, 'FROZEN') OR owed_yuan > 0 THEN 'freeze'
            WHEN decision = 'granted' AND NOT has_line THEN 'grant'
            WHEN decision = 'granted' THEN 'change'
            WHEN has_line AND decision = 'manual_review' THEN 'freeze'  -- until a person has looked
            WHEN has_line THEN 'remove' END AS action
    FROM marked
)
SELECT i.unit_code, i.name, i.person_id AS id_number,
    coalesce(b.branch_code, (SELECT min(branch_code) FROM branches)) AS branch_code, b.manager_number, a.*
FROM acted AS a JOIN identities AS i USING (household_key) LEFT JOIN branches AS b USING (township_code)
WHERE action IS NOT NULL AND ($product IS NULL OR a.product = $product)
ORDER BY branch_code, a.product, a.village_code, i.unit_code
