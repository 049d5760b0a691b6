-- A document that a household may bring later, of a published run, and whether it came
SELECT c.* FROM "inner".conditions AS c SEMI JOIN "inner".publications USING (run_id)
