-- A household of a published run: every term of its limit
SELECT w.*, b.branch_limit_yuan
FROM "inner".waterfall AS w SEMI JOIN "inner".publications USING (run_id)
LEFT JOIN (SELECT * FROM "inner".branch_limits WHERE is_last) AS b USING (run_id, household_key, product)
