-- A line in force that was granted, and so stands in its branch's register: since when it is told on these terms, what
-- its branch answered to them, and whether it is contracted and drawn
WITH granted AS (
    SELECT d.*, l.publication_id, l.decision AS decision_now, l.limit_yuan AS limit_now
    FROM "inner".lines_in_force AS l JOIN "inner".decisions AS d USING (run_id, household_key, product)
    WHERE d.decision = 'granted'
), same AS (  -- each publication that told it on these terms: what a later one does not change is not told again
    SELECT g.household_key, g.product, p.publication_id, p.published_on, p.expires_on, p.number,
        p.publication_id = g.publication_id AS is_last, d.limit_yuan = g.limit_yuan AS has_limit, g.limit_yuan
    FROM granted AS g JOIN "inner".decisions AS d ON d.household_key = g.household_key AND d.product = g.product
        AND (d.term_months, d.valid_from, d.valid_to, d.review_due_on, d.rate_spread_bp, d.repayment_method, d.revolving,
            d.purposes) IS NOT DISTINCT FROM (g.term_months, g.valid_from, g.valid_to, g.review_due_on,
            g.rate_spread_bp, g.repayment_method, g.revolving, g.purposes)
        AND coalesce((d.annual_rate_bp, d.annual_cost_bp) = (g.annual_rate_bp, g.annual_cost_bp), true)
    JOIN "inner".publications AS p ON p.run_id = d.run_id
    WHERE d.decision = 'granted'
), told AS (
    SELECT household_key, product, min(published_on) AS told_on, arg_min(expires_on, number) AS expires_on
    FROM same WHERE has_limit GROUP BY ALL
), answered AS (  -- a limit that the branch set, and that the next publication took over, is answered
    SELECT s.household_key, s.product, arg_max(r.outcome, b.act) AS outcome
    FROM same AS s JOIN "inner".receipts AS r ON r.household_key = s.household_key AND r.product = s.product
        AND (r.publication_id = s.publication_id  -- a release gives back what is in force
            OR (s.is_last AND try_cast(regexp_extract(r.publication_id, '^release-(\d+)$', 1) AS BIGINT) > s.number))
    JOIN "inner".returned AS b ON b.record = regexp_extract(r.filename, '(u[0-9a-f]{24})[/\\]receipts\.parquet$', 1)
    WHERE s.is_last OR coalesce(r.limit_yuan = s.limit_yuan, s.has_limit)
    GROUP BY ALL
), contracted AS (
    SELECT DISTINCT household_key, product FROM "inner".contracts_standing
), drawn AS (
    SELECT DISTINCT household_key, product FROM "inner".draws_standing
), owing AS (
    SELECT household_key, product, arg_max(owed_yuan, day) AS owed_yuan FROM "inner".owed GROUP BY ALL
)
SELECT g.county_code, g.township_code, g.village_code, g.household_key, g.product, g.run_id, g.decision_now, g.limit_now,
    t.told_on, t.expires_on, a.outcome, c.household_key IS NOT NULL AS is_contracted,
    d.household_key IS NOT NULL AS is_drawn, coalesce(o.owed_yuan, 0) AS owed_yuan
FROM granted AS g JOIN told AS t USING (household_key, product)
LEFT JOIN answered AS a USING (household_key, product) LEFT JOIN contracted AS c USING (household_key, product)
LEFT JOIN drawn AS d USING (household_key, product) LEFT JOIN owing AS o USING (household_key, product)
