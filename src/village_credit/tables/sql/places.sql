WITH served AS (SELECT township_code, branch_code, branch_name FROM branches),
counted AS (SELECT village_code, count(*) AS households FROM households GROUP BY village_code)
SELECT 'village' AS level, p.village_code AS place_code, p.village_name AS place_name, p.township_code AS within_code,
       branch_code, branch_name, coalesce(households, 0) AS households
FROM places AS p LEFT JOIN served USING (township_code) LEFT JOIN counted USING (village_code)
UNION ALL
SELECT 'township', township_code, max(township_name), left(township_code, 6), max(branch_code), max(branch_name),
    sum(coalesce(households, 0))
FROM places LEFT JOIN served USING (township_code) LEFT JOIN counted USING (village_code) GROUP BY township_code
UNION ALL
SELECT 'county', $county, $county_name, NULL, NULL, NULL, count(*) FROM households
ORDER BY 1, 2
