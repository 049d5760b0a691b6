-- A household of which something came back, and a span of days: where it lives by the last publication until then, before
-- the first by that one. Spans, not months: few households move, and each month of each would be twenty times as many
WITH moved AS (
    SELECT household_key FROM "inner".draws UNION SELECT household_key FROM "inner".repayments
), named AS (
    SELECT d.household_key, p.number, max(p.published_on) AS published_on,
        max({'county_code': d.county_code, 'township_code': d.township_code, 'village_code': d.village_code})
            AS place
    FROM "inner".decisions AS d JOIN "inner".publications AS p USING (run_id)
    WHERE d.household_key IN (FROM moved) GROUP BY ALL
), changed AS (
    SELECT * FROM named
    QUALIFY place IS DISTINCT FROM lag(place) OVER (PARTITION BY household_key ORDER BY number)
)
SELECT household_key, place.county_code AS county_code, place.township_code AS township_code,
    place.village_code AS village_code,
    CASE WHEN lag(number) OVER each IS NULL THEN DATE '0001-01-01' ELSE published_on END AS from_on,
    coalesce(lead(published_on) OVER each, DATE '9999-12-31') AS until_on
FROM changed WINDOW each AS (PARTITION BY household_key ORDER BY number)
