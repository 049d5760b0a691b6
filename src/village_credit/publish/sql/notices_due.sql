-- A line that a publication tells of, and whether its household is told: `kind` granted, lost or frozen, or `left_out`
-- with the reason. `rows`: what its packages told; `lines`: what is in force now, with branches' limits and holds;
-- `identities`: the vault's; `objecting`, `held`, `opted_out`: household_key; `branches`: the run's.
WITH phones AS (  -- a number of two households is nobody's own: what one is told the other would read
    SELECT phone, count(DISTINCT household_key) AS sharers FROM identities WHERE phone IS NOT NULL GROUP BY ALL
), judged AS (
    SELECT r.household_key, r.unit_code, r.product, r.name, r.village, r.village_code, r.branch_code, b.branch_name,
        r.previous_yuan, r.reason_codes, i.relation, p.phone, p.sharers,
        CASE r.action WHEN 'remove' THEN 'lost' WHEN 'freeze' THEN 'frozen' ELSE 'granted' END AS kind,
        l.limit_yuan, l.term_months, l.valid_from, l.valid_to, l.annual_rate_bp, l.annual_cost_bp, l.binding_term,
        CASE WHEN r.is_held OR r.household_key IN (FROM held) THEN 'held'
            WHEN r.household_key IN (FROM objecting) THEN 'objecting'
            WHEN r.household_key IN (FROM opted_out) THEN 'opted_out'
            WHEN r.action IN ('grant', 'change') AND coalesce(l.publication_id <> $publication_id, true)
                THEN 'superseded'
            WHEN r.action IN ('grant', 'change') AND l.decision <> 'granted' THEN 'refused_by_branch'
            WHEN r.action NOT IN ('grant', 'change') AND l.decision = 'granted' THEN 'superseded'
            WHEN r.action IN ('grant', 'change') AND l.valid_to < CAST($on AS DATE) THEN 'ended'
            WHEN r.is_told AND NOT $everybody THEN 'told_before'
            WHEN r.action IN ('grant', 'change') AND (l.annual_rate_bp IS NULL OR l.annual_cost_bp IS NULL)
                THEN 'without_rate' END AS left_out
    FROM rows AS r JOIN identities AS i USING (household_key)
    LEFT JOIN phones AS p ON p.phone = i.phone
    LEFT JOIN lines AS l ON l.household_key = r.household_key AND l.product = r.product
    LEFT JOIN branches AS b ON b.township_code = r.township_code
)
SELECT *, CASE WHEN phone IS NULL THEN 'no_telephone' WHEN relation IS DISTINCT FROM 'head' THEN 'of_another_member'
    WHEN sharers > 1 THEN 'shared' WHEN NOT regexp_full_match(replace(phone, '-', ''), '1[0-9]{10}') THEN 'no_mobile'
    END AS no_sms
FROM judged
ORDER BY branch_code, village_code, unit_code,
    CASE kind WHEN 'granted' THEN 1 WHEN 'frozen' THEN 2 ELSE 3 END, product
