-- A household of which something came back, and a month: where it lives by the last publication until then, else by the
-- first after it
WITH moved AS (
    SELECT household_key FROM "inner".draws UNION SELECT household_key FROM "inner".repayments
), named AS (
    SELECT d.household_key, p.number, p.published_on,
        {'county_code': d.county_code, 'township_code': d.township_code, 'village_code': d.village_code} AS place
    FROM "inner".decisions AS d JOIN "inner".publications AS p USING (run_id)
    WHERE d.household_key IN (FROM moved)
), last_named AS (
    SELECT m.month, n.household_key,
        arg_max(n.place, CASE WHEN n.published_on <= m.counted_on THEN n.number ELSE -n.number END) AS place
    FROM named AS n, "inner".months AS m GROUP BY ALL
)
SELECT month, household_key, place.county_code AS county_code, place.township_code AS township_code,
    place.village_code AS village_code
FROM last_named
