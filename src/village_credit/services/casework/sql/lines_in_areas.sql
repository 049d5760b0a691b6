-- Households with a limit in force in villages of the areas, and the sum of their limits.
SELECT count(DISTINCT household_key), coalesce(sum(limit_yuan), 0)::BIGINT
FROM lines
WHERE limit_yuan > 0 AND EXISTS (SELECT 1 FROM unnest($areas) AS a(code) WHERE starts_with(village_code, a.code))
