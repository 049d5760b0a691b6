-- A village, township or county of a publication in force
SELECT p.* FROM "inner".places AS p
SEMI JOIN (SELECT run_id FROM "inner".in_force WHERE product IS NULL) USING (run_id)
