-- A county, decision and deciding reason: its households
SELECT county_code, decision, reason_codes[1] AS reason_code, count(DISTINCT household_key) AS households
FROM lines GROUP BY ALL ORDER BY ALL
