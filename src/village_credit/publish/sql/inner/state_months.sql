-- A county and month: the first month at whose end the same publications stood there
WITH states AS (
    SELECT county_code, month, list(place ORDER BY place) AS places FROM "inner".stood_by_month GROUP BY ALL
)
SELECT county_code, min(month) OVER (PARTITION BY county_code, places) AS as_month, month FROM states
