-- A household and feature of a published run
SELECT * FROM "inner".score_points AS s SEMI JOIN "inner".publications USING (run_id)
