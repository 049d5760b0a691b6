-- A run, file and measure over accepted rows
SELECT * FROM "inner".control_totals
