-- A household whose lines move between publications of its whole county: it was ever held, a branch set a limit of it,
-- or a batch named it
SELECT household_key FROM "inner".branch_words UNION SELECT household_key FROM "inner".was_held
UNION SELECT household_key FROM "inner".decisions
SEMI JOIN (SELECT run_id, product FROM "inner".stood WHERE product IS NOT NULL) USING (run_id, product)
