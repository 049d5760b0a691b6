-- A delivered record of a list, and the household that it was linked to; on which line it stands the vault keeps
-- Runs of older code have the line too: their columns are named, so that nobody reads it beside the household.
SELECT office, source_table, household_key, stage, "pass", agreement, score, margin, status, rules_version, run_id
FROM "inner".links
