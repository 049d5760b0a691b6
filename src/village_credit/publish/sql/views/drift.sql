-- A feature of a published run, or its score: how far the county is from the training and the last publication
SELECT * FROM "inner".drift AS d SEMI JOIN "inner".publications USING (run_id)
