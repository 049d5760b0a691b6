-- A household that was ever held, or of which a branch ever set a limit: its lines move between publications
SELECT household_key FROM "inner".branch_words UNION SELECT household_key FROM "inner".was_held
