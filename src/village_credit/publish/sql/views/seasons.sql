-- A crop season of a line in force: when it may be drawn and is due
SELECT s.* FROM "inner".seasons AS s SEMI JOIN "inner".lines_in_force USING (run_id, household_key, product)
