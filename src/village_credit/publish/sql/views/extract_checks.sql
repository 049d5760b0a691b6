-- A figure of a contract's delivery as a whole, and its bounds
SELECT * FROM "inner".extract_checks
