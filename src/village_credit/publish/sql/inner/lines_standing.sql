-- A line and a span of months at whose ends it stood as it is here: of households that move in spans of their own, of
-- all others as long as their county's publication stood
SELECT month, until_month, county_code, township_code, village_code, household_key, product, limit_yuan,
    decision = 'granted' AS is_credited,
    CASE WHEN list_contains(reason_codes, 'FROZEN') THEN limit_yuan ELSE 0 END AS frozen_yuan
FROM (FROM "inner".lines_still UNION ALL BY NAME FROM "inner".lines_moved)
