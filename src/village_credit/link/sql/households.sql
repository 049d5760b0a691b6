SELECT unit_code, county_code, township_code, village_code, false AS is_trader_only,
       count(*) FILTER (is_living AND is_resident) AS persons_register,
       count(*) FILTER (is_living AND is_resident AND birth_date > $minor_born) AS children
FROM register JOIN roster USING (unit_code) GROUP BY ALL
UNION ALL
SELECT unit_code, $county, $county || '000', $county || '000000', true, 1, 0 FROM lone_traders
ORDER BY unit_code
