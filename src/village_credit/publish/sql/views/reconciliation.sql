-- A physical line or row of a delivered file
SELECT * FROM "inner".reconciliation
