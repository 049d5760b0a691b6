-- The share of whole ID numbers that begin with a code no county ever had; none without a number.
SELECT avg((code IS NULL)::INT)::DOUBLE FROM (SELECT DISTINCT person_id FROM people WHERE person_id IS NOT NULL)
LEFT JOIN area_codes ON code = left(person_id, 6)
