-- A line in force that is over and waits for a signed renewal
SELECT r.* FROM "inner".renewals_due AS r SEMI JOIN "inner".lines_in_force USING (run_id, household_key, product)
