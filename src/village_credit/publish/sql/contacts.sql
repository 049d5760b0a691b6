-- A line of a county's publication over which a customer manager calls or visits: `why` owed_above_limit,
-- drawn_against_purpose (by `warned`), ending, unsigned, undrawn, held_back (by one thing that the household can mend)
-- or grower. `decisions`, `branches`, `follow_up`, `renewals_due`:
-- the run's; `identities`: the vault's; `contracts`, `draws`: household_key and product of what came back; `mendable`:
-- reason codes; `silent`: household_key of who is held, objects or opted out.
WITH phones AS (
    SELECT phone, count(DISTINCT household_key) AS sharers FROM identities WHERE phone IS NOT NULL GROUP BY ALL
), looked_into AS (  -- of two warnings the debt goes first
    SELECT household_key, product, max(warning) AS warning FROM warned GROUP BY ALL
), known AS (
    SELECT d.household_key, d.township_code, d.village_code, d.product, d.decision, d.limit_yuan, d.valid_to,
        d.reason_codes, coalesce(len(f.tags), 0) > 0 AS is_grower,
        d.decision = 'granted' AS is_granted,
        (d.household_key, d.product) IN (SELECT (household_key, product) FROM contracts) AS is_signed,
        (d.household_key, d.product) IN (SELECT (household_key, product) FROM draws) AS is_drawn,
        (d.household_key, d.product) IN (SELECT (household_key, product) FROM renewals_due) AS is_over,
        w.warning
    FROM decisions AS d LEFT JOIN follow_up AS f USING (household_key, product)
    LEFT JOIN looked_into AS w USING (household_key, product)
    WHERE d.household_key NOT IN (FROM silent)
), judged AS (
    SELECT *, CASE WHEN warning IS NOT NULL THEN warning WHEN is_over OR is_granted AND valid_to <= $ending_by THEN 'ending'
        WHEN is_granted AND NOT is_signed THEN 'unsigned' WHEN is_granted AND NOT is_drawn THEN 'undrawn'
        WHEN NOT is_granted AND len(reason_codes) = 1 AND reason_codes[1] IN (FROM mendable) THEN 'held_back'
        WHEN is_grower THEN 'grower' END AS why
    FROM known
)
SELECT i.unit_code, i.name, i.phone, coalesce(p.sharers, 0) > 1 AS is_shared,
    i.phone IS NOT NULL AND i.relation IS DISTINCT FROM 'head' AS is_of_another, coalesce(v.village, '') AS village,
    coalesce(b.branch_code, (SELECT min(branch_code) FROM branches)) AS branch_code,
    coalesce(b.manager_number, '') AS manager_number,
    j.product, j.is_grower, j.why, CASE WHEN is_granted THEN j.limit_yuan ELSE 0 END AS limit_yuan,
    CASE WHEN is_granted THEN j.valid_to END AS valid_to, CASE WHEN why = 'held_back' THEN reason_codes[1] END AS reason
FROM judged AS j JOIN identities AS i USING (household_key) LEFT JOIN phones AS p ON p.phone = i.phone
LEFT JOIN branches AS b USING (township_code) LEFT JOIN villages AS v USING (village_code)
WHERE why IS NOT NULL
ORDER BY branch_code, manager_number = '', manager_number, j.village_code, NOT is_grower,
    CASE why WHEN 'owed_above_limit' THEN 1 WHEN 'drawn_against_purpose' THEN 2 WHEN 'unsigned' THEN 3
        WHEN 'ending' THEN 4 WHEN 'undrawn' THEN 5 WHEN 'held_back' THEN 6 ELSE 7 END,
    i.unit_code, j.product
