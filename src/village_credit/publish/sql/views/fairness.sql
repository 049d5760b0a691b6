-- A group of a published run's borrowers: how often and how much it was granted, beside its attribute's best group
SELECT * FROM "inner".fairness AS f SEMI JOIN "inner".publications USING (run_id)
