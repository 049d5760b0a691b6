-- A line as a publication of its whole county decided it, and a span of months in which that stood: over most nothing
-- else lies
SELECT s.month, s.until_month, d.county_code, d.township_code, d.village_code, d.household_key, d.product, d.decision,
    d.limit_yuan, d.reason_codes
FROM "inner".decisions AS d JOIN "inner".stays AS s USING (run_id)
