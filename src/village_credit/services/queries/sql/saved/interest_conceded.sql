-- A county and month: the interest that the offered rate cuts come to if all are taken, in it and since the year began
-- title: Interest conceded
-- year_to_date_yuan: The same since the year's first month, yuan
SELECT place_code AS county_code, month, relief_interest_yuan,
    CAST(sum(relief_interest_yuan) OVER (PARTITION BY place_code, left(month, 4) ORDER BY month) AS DECIMAL(18, 2))
        AS year_to_date_yuan
FROM statistics WHERE level = 'county' AND product = 'all'
ORDER BY county_code, month
