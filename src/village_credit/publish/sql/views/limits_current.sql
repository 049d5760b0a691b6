-- A line (household and product) with a published decision in force
SELECT county_code, township_code, village_code, household_key, product, decision, band, default_probability,
    limit_yuan,
    term_months, valid_from, valid_to, review_due_on, rate_spread_bp, annual_rate_bp, annual_cost_bp, repayment_method, revolving, binding_term,
    reason_codes, screen, held_since, run_id, publication_id, published_at
FROM "inner".lines_in_force
