-- The later publication over the earlier, as lines in force are: of each line the last.
SELECT * EXCLUDE (place)
FROM ({every})
QUALIFY row_number() OVER (PARTITION BY household_key, product ORDER BY place DESC) = 1
