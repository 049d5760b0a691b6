-- A household whose limit a relief window keeps, and the decision and figure that it would have had
SELECT r.* FROM "inner".relief_kept AS r SEMI JOIN "inner".publications USING (run_id)
