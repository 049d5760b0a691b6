-- A list and village: its records by what became of their links
SELECT * FROM "inner".link_quality
