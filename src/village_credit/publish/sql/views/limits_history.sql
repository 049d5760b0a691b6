-- A line and publication that decided it; append-only
SELECT d.county_code, d.township_code, d.village_code, d.household_key, d.product, d.decision, d.band,
    d.default_probability, d.limit_yuan, d.term_months, d.valid_from, d.valid_to, d.review_due_on, d.rate_spread_bp, d.annual_rate_bp, d.annual_cost_bp,
    d.repayment_method, d.revolving, d.binding_term, d.reason_codes, d.screen, d.run_id, p.publication_id,
        p.published_at,
    CASE WHEN l.publication_id IS NULL THEN least(p.superseded_at, s.superseded_at) END AS superseded_at,
    b.branch_limit_yuan, b.branch_limit_on
FROM "inner".decisions AS d JOIN "inner".publications AS p USING (run_id)
LEFT JOIN "inner".lines_in_force AS l
    ON l.publication_id = p.publication_id AND l.household_key = d.household_key AND l.product = d.product
LEFT JOIN "inner".lines_superseded AS s
    ON s.publication_id = p.publication_id AND s.household_key = d.household_key AND s.product = d.product
LEFT JOIN "inner".branch_limits AS b
    ON b.publication_id = p.publication_id AND b.household_key = d.household_key AND b.product = d.product
WHERE p.product IS NULL OR p.product = d.product
