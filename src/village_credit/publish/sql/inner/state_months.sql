-- A county and month: the first month since when the same publications stand there at the month's end
SELECT county_code, min(month) OVER (PARTITION BY county_code, from_on) AS as_month, month
FROM (SELECT DISTINCT county_code, from_on, month FROM "inner".stood_by_month)
