-- A county and month: the households that were offered a measure of relief, and those whose limit the window keeps
-- title: Relief offered and kept
SELECT place_code AS county_code, month, relief_offered_households, relief_kept_households
FROM statistics WHERE level = 'county' AND product = 'all'
ORDER BY county_code, month
