-- A delivered record and the household that it was linked to
SELECT * FROM "inner".links
