-- A household of a published run and a declared window that has begun: what it excused
SELECT r.* FROM "inner".relief AS r SEMI JOIN "inner".publications USING (run_id)
