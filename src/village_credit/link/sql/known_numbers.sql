-- Whole numbers that other extracts give for a name in a place.
CREATE TABLE known AS
SELECT DISTINCT source_id, office, name, person_id, village_codes[1] AS village_code,
    left(village_codes[1], 9) AS township_code
FROM located JOIN offices USING (contract)
WHERE person_id IS NOT NULL AND name IS NOT NULL AND length(village_codes) = 1
