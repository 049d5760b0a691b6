-- A large grower, family farm or cooperative with a decision in force, for a customer manager's visit
SELECT f.* REPLACE (
        l.decision AS decision, l.limit_yuan AS limit_yuan, greatest(0, f.need_yuan - l.limit_yuan) AS shortfall_yuan),
    l.publication_id
FROM "inner".follow_up AS f JOIN "inner".lines_in_force AS l USING (run_id, household_key, product)
