-- A village in the latest month: how many of its households are credited; the least covered first
-- title: Coverage by village
SELECT left(place_code, 6) AS county_code, left(place_code, 9) AS township_code, place_code AS village_code, month,
    households, credited_households, coverage, in_force_yuan
FROM statistics WHERE level = 'village' AND product = 'all'
QUALIFY month = max(month) OVER ()
ORDER BY coverage, village_code
