-- A registered household of a publication in force
SELECT h.* FROM "inner".households AS h
SEMI JOIN (SELECT run_id FROM "inner".in_force WHERE product IS NULL) USING (run_id)
