-- A household of a published run whose limit is above a step of the authority ladder, and who signed it by itself
SELECT a.* EXCLUDE (roles), s.signed_role, s.signed_by, s.signed_at
FROM "inner".authority AS a SEMI JOIN "inner".publications USING (run_id)
LEFT JOIN "inner".household_signatures AS s USING (run_id, household_key, product)
