-- A measure that a branch may offer on an open loan of a household in a relief window
SELECT r.* FROM "inner".relief_measures AS r SEMI JOIN "inner".publications USING (run_id)
