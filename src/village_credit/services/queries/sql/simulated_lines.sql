-- The later layer over the earlier, as lines in force are: of each line the last, nothing below a whole one.
SELECT e.* EXCLUDE (place)
FROM ({every}) AS e
LEFT JOIN (SELECT product, max(place) AS place FROM simulated_layers WHERE is_whole AND product IS NOT NULL
GROUP BY ALL) AS c
    USING (product)
WHERE e.place >= coalesce(c.place, e.place)
QUALIFY row_number() OVER (PARTITION BY household_key, product ORDER BY e.place DESC) = 1
