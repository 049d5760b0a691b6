-- A county and product ('all': a household with several counts once): the households credited for the first time in the latest month's year
-- title: New this year
-- year: The latest month's year
SELECT place_code AS county_code, left(month, 4) AS year, product,
    CAST(sum(newly_credited_households) AS BIGINT) AS newly_credited_households
FROM statistics WHERE level = 'county' AND left(month, 4) = (SELECT left(max(month), 4) FROM statistics)
GROUP BY ALL ORDER BY county_code, product
