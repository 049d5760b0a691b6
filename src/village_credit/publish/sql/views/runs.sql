-- A run of a county as of a day
SELECT * FROM "inner".run_log
