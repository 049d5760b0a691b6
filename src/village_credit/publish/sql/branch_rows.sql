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
    -- a line that is closed or frozen keeps its own days and terms
    SELECT now.* REPLACE (
            CASE WHEN keeps THEN before.term_months ELSE now.term_months END AS term_months,
            CASE WHEN keeps THEN before.valid_from ELSE now.valid_from END AS valid_from,
            CASE WHEN keeps THEN before.valid_to ELSE now.valid_to END AS valid_to,
            CASE WHEN keeps THEN before.review_due_on ELSE now.review_due_on END AS review_due_on,
            CASE WHEN keeps THEN before.rate_spread_bp ELSE now.rate_spread_bp END AS rate_spread_bp,
            CASE WHEN keeps THEN before.annual_rate_bp ELSE now.annual_rate_bp END AS annual_rate_bp,
            CASE WHEN keeps THEN before.annual_cost_bp ELSE now.annual_cost_bp END AS annual_cost_bp,
            CASE WHEN keeps THEN before.repayment_method ELSE now.repayment_method END AS repayment_method,
            CASE WHEN keeps THEN before.revolving ELSE now.revolving END AS revolving,
            CASE WHEN keeps THEN before.purposes ELSE now.purposes END AS purposes),
        before.household_key IS NOT NULL AS has_line, false AS is_gone, false AS is_replaced, 0 AS owed_yuan,
        before.limit_yuan AS previous_yuan,
        -- what the branch was told last is what it would be told now
        coalesce(before.limit_yuan = now.limit_yuan AND (before.decision = 'granted') = (now.decision = 'granted')
            AND list_contains(before.reason_codes, 'FROZEN') = list_contains(now.reason_codes, 'FROZEN')
            -- what a line costs is told when it changes; an older publication did not know it
            AND coalesce((before.annual_rate_bp, before.annual_cost_bp) = (now.annual_rate_bp, now.annual_cost_bp), true)
            AND (before.term_months, before.valid_from, before.valid_to, before.review_due_on, before.rate_spread_bp,
                before.repayment_method, before.revolving, before.purposes) IS NOT DISTINCT FROM
                (now.term_months, now.valid_from, now.valid_to, now.review_due_on, now.rate_spread_bp,
                now.repayment_method, now.revolving, now.purposes), false) AS is_same
    FROM (SELECT d.*, d.decision <> 'granted' AND d.valid_to IS NULL
              AND (d.household_key, d.product) IN (SELECT (household_key, product) FROM before) AS keeps
          FROM decisions AS d) AS now LEFT JOIN before USING (household_key, product)
    UNION ALL BY NAME
    SELECT before.* REPLACE (
            CASE WHEN coalesce(now.decision, before.decision) = 'manual_review' THEN 'manual_review' ELSE 'declined' END
                AS decision,
            CASE WHEN now.household_key IS NULL THEN [$gone_because]
                WHEN now.decision = 'granted' THEN ['PRODUCT_REPLACED'] ELSE now.reason_codes END AS reason_codes),
        true AS has_line, now.household_key IS NULL AS is_gone, now.household_key IS NOT NULL AS is_replaced,
        -- what the core system said is owed; where it said nothing, a frozen line is frozen at its balance
        coalesce(floor(drawn_yuan), CASE WHEN list_contains(before.reason_codes, 'FROZEN') THEN before.limit_yuan END, 0)
            AS owed_yuan, before.limit_yuan AS previous_yuan,
        now.household_key IS NULL AND before.decision = 'manual_review' AS is_same, true AS keeps
    FROM before ANTI JOIN decisions USING (household_key, product)
    LEFT JOIN decisions AS now USING (household_key) LEFT JOIN drawn USING (household_key, product)
    WHERE $is_complete AND ($product IS NULL OR before.product = $product)
), marked AS (
    SELECT *, household_key IN (SELECT household_key FROM held) AND NOT is_gone AS is_held
    FROM joined
), acted AS (
    SELECT * EXCLUDE (owed_yuan)
        REPLACE (CASE WHEN is_replaced OR is_gone AND owed_yuan > 0 THEN CAST(owed_yuan AS BIGINT) ELSE limit_yuan END AS limit_yuan),
        -- nothing that is owed is ever removed, whoever is gone
        CASE WHEN is_gone AND owed_yuan = 0 AND decision <> 'manual_review' THEN 'remove'
            WHEN is_held AND (has_line OR decision = 'granted') THEN 'freeze'
            WHEN list_contains(reason_codes, 'FROZEN') OR owed_yuan > 0 THEN 'freeze'
            WHEN decision = 'granted' AND NOT has_line THEN 'grant'
            WHEN decision = 'granted' THEN 'change'
            WHEN has_line AND decision = 'manual_review' THEN 'freeze'  -- until a person has looked
            WHEN has_line THEN 'remove' END AS action
    FROM marked
)
SELECT i.unit_code, i.name, i.phone, v.village, i.person_id AS id_number,
    coalesce(b.branch_code, (SELECT min(branch_code) FROM branches)) AS branch_code, b.manager_number,
    a.* EXCLUDE (is_same, keeps),
    -- who is held was told when he was held: the line freezes once
    $is_told_before AND action <> 'remove' AND CASE WHEN is_held THEN has_line ELSE is_same END AS is_told
FROM acted AS a JOIN identities AS i USING (household_key) LEFT JOIN branches AS b USING (township_code)
LEFT JOIN villages AS v USING (village_code)
WHERE action IS NOT NULL AND ($product IS NULL OR a.product = $product)
ORDER BY branch_code, a.product, a.village_code, i.unit_code
