-- A household whose contractor code changed, and whom it became (or may have become), of a run in force
SELECT l.* FROM "inner".lineage AS l SEMI JOIN "inner".publications USING (run_id)
