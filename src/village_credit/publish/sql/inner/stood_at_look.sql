-- A publication that stood in the span of a household that moved
SELECT k.household_key, k.until_month, s.*
FROM "inner".moved_looks AS k JOIN "inner".stood_by_month AS s USING (county_code, month)
