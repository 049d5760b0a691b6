-- A physical line or row of a delivered file
-- Runs of older code have the household too: their columns are named, so that nobody reads it beside the line.
SELECT office, contract, file_name, file_sha256, sheet, line_number, outcome, run_id
FROM "inner".reconciliation
